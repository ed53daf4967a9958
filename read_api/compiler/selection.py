"""Which fields are selected, as the specification collects them."""

from collections.abc import Iterable, Mapping

from graphql import (
    ArgumentNode,
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
)
from graphql.language import BooleanValueNode, InlineFragmentNode

from read_api.compiler.arguments import Variables
from read_api.compiler.errors import NotCompilable, Reason

Fields = dict[str, list[FieldNode]]


class Selections:
    """Collects fields by response key, through fragments, past @skip and @include."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode], variables: Variables) -> None:
        self._fragments = fragments
        self._variables = variables

    def below(self, nodes: Iterable[FieldNode], type_name: str) -> Fields:
        """The fields selected of the objects that these fields answer with."""
        return self.collect([node.selection_set for node in nodes if node.selection_set is not None], type_name)

    def collect(self, sets: Iterable[SelectionSetNode], type_name: str) -> Fields:
        """The fields of several selection sets of one object type."""
        found: Fields = {}
        seen: set[str] = set()
        for each in sets:
            self._collect(each, type_name, found, seen)
        return found

    def _collect(self, selections: SelectionSetNode, type_name: str, found: Fields, seen: set[str]) -> None:
        for selection in selections.selections:
            if not self._included(selection):
                continue
            match selection:
                case FieldNode():
                    found.setdefault((selection.alias or selection.name).value, []).append(selection)
                case FragmentSpreadNode():
                    if selection.name.value not in seen:
                        seen.add(selection.name.value)
                        fragment = self._fragments[selection.name.value]
                        self._within(fragment, type_name, found, seen)
                case InlineFragmentNode():
                    self._within(selection, type_name, found, seen)

    def _within(
        self, fragment: FragmentDefinitionNode | InlineFragmentNode, type_name: str, found: Fields, seen: set[str]
    ) -> None:
        if fragment.type_condition is not None and fragment.type_condition.name.value != type_name:
            raise NotCompilable(Reason.UNSUPPORTED)  # there are no interfaces and no unions
        self._collect(fragment.selection_set, type_name, found, seen)

    def _included(self, selection: SelectionNode) -> bool:
        included = True
        for directive in selection.directives or ():
            if directive.name.value not in ("skip", "include"):
                raise NotCompilable(Reason.DIRECTIVE)
            included = included and self._holds(directive) == (directive.name.value == "include")
        return included

    def _holds(self, directive: DirectiveNode) -> bool:
        match directive.arguments:
            case (ArgumentNode(value=VariableNode(name=name)),):
                return bool(self._variables[name.value])
            case (ArgumentNode(value=BooleanValueNode(value=value)),):
                return value
            case _:
                raise NotCompilable(Reason.DIRECTIVE)
