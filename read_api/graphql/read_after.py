"""Finds what an operation has to wait for: the ``readAfter`` of its root fields, and whether one is asked ``asOf``."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    NullValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    StringValueNode,
    ValueNode,
    VariableNode,
)
from graphql.language import FragmentSpreadNode, InlineFragmentNode

Tokens = Callable[[Mapping[str, Any]], list[str]]
AsksAsOf = Callable[[Mapping[str, Any]], bool]
Fragments = Mapping[str, FragmentDefinitionNode]


def read_after_of(operation: OperationDefinitionNode, fragments: Fragments) -> Tokens:
    """A function of the operation's variables that answers the tokens to wait for, each once."""
    sent = list(_arguments("readAfter", operation.selection_set, fragments, set()))
    literals = {value.value for value in sent if isinstance(value, StringValueNode)}
    names = {value.name.value for value in sent if isinstance(value, VariableNode)}
    defaults = {
        definition.variable.name.value: definition.default_value.value
        for definition in operation.variable_definitions or ()
        if isinstance(definition.default_value, StringValueNode)
    }

    def tokens(variables: Mapping[str, Any]) -> list[str]:
        given = {variables.get(name, defaults.get(name)) for name in names if _hashable(variables.get(name))}
        return [token for token in literals | given if isinstance(token, str)]

    return tokens


def asks_as_of(operation: OperationDefinitionNode, fragments: Fragments) -> AsksAsOf:
    """A function of the operation's variables that answers whether a root field is asked as of a moment."""
    sent = list(_arguments("asOf", operation.selection_set, fragments, set()))
    always = any(not isinstance(value, VariableNode | NullValueNode) for value in sent)
    names = {value.name.value for value in sent if isinstance(value, VariableNode)}
    defaults = {
        definition.variable.name.value
        for definition in operation.variable_definitions or ()
        if not isinstance(definition.default_value, NullValueNode | None)
    }

    def asks(variables: Mapping[str, Any]) -> bool:
        return always or any(
            variables.get(name) is not None if name in variables else name in defaults for name in names
        )

    return asks


def _hashable(value: Any) -> bool:
    return value is None or isinstance(value, str)  # anything else is refused when the variables are coerced


def _arguments(name: str, selections: SelectionSetNode, fragments: Fragments, seen: set[str]) -> Iterator[ValueNode]:
    """What the root fields are sent under a name, each fragment looked at once."""
    for selection in selections.selections:
        match selection:
            case FieldNode():
                yield from (argument.value for argument in selection.arguments or () if argument.name.value == name)
            case InlineFragmentNode():
                yield from _arguments(name, selection.selection_set, fragments, seen)
            case FragmentSpreadNode() if selection.name.value not in seen:
                seen.add(selection.name.value)
                yield from _arguments(name, fragments[selection.name.value].selection_set, fragments, seen)
