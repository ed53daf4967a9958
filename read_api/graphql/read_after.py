"""Finds the consistency tokens of an operation: the ``readAfter`` arguments of its root fields."""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    OperationDefinitionNode,
    SelectionSetNode,
    StringValueNode,
    VariableNode,
)
from graphql.language import FragmentSpreadNode, InlineFragmentNode

Tokens = Callable[[Mapping[str, Any]], list[str]]


def read_after_of(operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]) -> Tokens:
    """A function of the operation's variables that answers the tokens to wait for, each once."""
    literals: set[str] = set()
    names: set[str] = set()
    _collect(operation.selection_set, fragments, set(), literals, names)
    defaults = {
        definition.variable.name.value: definition.default_value.value
        for definition in operation.variable_definitions or ()
        if isinstance(definition.default_value, StringValueNode)
    }

    def tokens(variables: Mapping[str, Any]) -> list[str]:
        given = {variables.get(name, defaults.get(name)) for name in names if _hashable(variables.get(name))}
        return [token for token in literals | given if isinstance(token, str)]

    return tokens


def _hashable(value: Any) -> bool:
    return value is None or isinstance(value, str)  # anything else is refused when the variables are coerced


def _collect(
    selections: SelectionSetNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    seen: set[str],
    literals: set[str],
    names: set[str],
) -> None:
    for selection in selections.selections:
        match selection:
            case FieldNode():
                _argument(selection, literals, names)
            case InlineFragmentNode():
                _collect(selection.selection_set, fragments, seen, literals, names)
            case FragmentSpreadNode() if selection.name.value not in seen:
                seen.add(selection.name.value)
                _collect(fragments[selection.name.value].selection_set, fragments, seen, literals, names)


def _argument(field: FieldNode, literals: set[str], names: set[str]) -> None:
    for argument in field.arguments or ():
        if argument.name.value == "readAfter":
            match argument.value:
                case StringValueNode(value=value):
                    literals.add(value)
                case VariableNode(name=name):
                    names.add(name.value)
