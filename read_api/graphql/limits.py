"""What one operation may ask for. Declared once; both ways of executing a query are behind the same checks."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLUnionType,
    IntValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
)
from graphql.language import FragmentSpreadNode, InlineFragmentNode

from read_api.errors import too_complex


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """All on by default."""

    depth: int = 12
    """Fields within fields; introspection has its own limit."""
    aliases: int = 50
    """Aliased fields, counted as often as their fragment is spread."""
    repeats: int = 20
    """The same field, selected again in one place; checking that they agree takes time in the square of this."""
    tokens: int = 2_000
    """Words and signs of the query text."""
    cost: int = 50_000
    """Objects that the answer may hold: see ``Cost``."""
    body: int = 1_000_000
    """Bytes of a request."""


DEFAULT = Limits()
PAGE = 50
"""Items of a list that takes ``first`` and is not told."""
SHORT_LIST = 10
"""Items assumed of a list that takes no ``first``."""
MAX_PAGE = 1_000
BULK = "inputs"
"""The argument of a mutation that takes many commands."""
MOST_AT_ONCE = 500
"""Commands that such a mutation may take, and answers."""


class Shape:
    """Depth, aliases and repeats of a document's operations, through its fragments, each fragment visited once."""

    def __init__(self, document: DocumentNode) -> None:
        self._fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self._known: dict[str, tuple[int, int]] = {}
        self.repeats = 0
        operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
        measured = [self._measure(operation.selection_set) for operation in operations]
        self.depth = max((depth for depth, _ in measured), default=0)
        self.aliases = max((aliases for _, aliases in measured), default=0)

    def errors(self, limits: Limits) -> tuple[GraphQLError, ...]:
        """What the document breaks."""
        found = []
        if self.depth > limits.depth:
            found.append(too_complex(f"the query is {self.depth} fields deep; the limit is {limits.depth}"))
        if self.aliases > limits.aliases:
            count = self.aliases if self.aliases < 10**6 else "over a million"
            found.append(too_complex(f"the query has {count} aliases; the limit is {limits.aliases}"))
        if self.repeats > limits.repeats:
            found.append(too_complex(f"one field is selected {self.repeats} times in one place: select it once"))
        return tuple(found)

    def _measure(self, selections: SelectionSetNode | None) -> tuple[int, int]:
        depth = aliases = 0
        keys = Counter(_keys(selections) if selections else ())
        self.repeats = max(self.repeats, *keys.values(), 0)
        for selection in selections.selections if selections else ():
            inner_depth, inner_aliases = self._selection(selection)
            depth = max(depth, inner_depth)
            aliases += inner_aliases
        return depth, aliases

    def _selection(self, selection: SelectionNode) -> tuple[int, int]:
        match selection:
            case FieldNode():
                depth, aliases = self._measure(selection.selection_set)
                own = 1 if selection.alias else 0
                return (0 if selection.name.value.startswith("__") else depth + 1), aliases + own
            case InlineFragmentNode():
                return self._measure(selection.selection_set)
            case FragmentSpreadNode():
                return self._fragment(selection.name.value)
            case _:
                return 0, 0

    def _fragment(self, name: str) -> tuple[int, int]:
        if name not in self._known:
            self._known[name] = (0, 0)  # what a cycle sees; cycles are refused by the standard rules
            fragment = self._fragments.get(name)
            self._known[name] = self._measure(fragment.selection_set if fragment else None)
        return self._known[name]


def _keys(selections: SelectionSetNode) -> Iterator[str]:
    for selection in selections.selections:
        match selection:
            case FieldNode():
                yield (selection.alias or selection.name).value
            case InlineFragmentNode():
                yield from _keys(selection.selection_set)


class Cost:
    """How many objects an operation's answer may hold.

    Every field that has fields counts one, times the ``first`` of each list around it; a list without ``first``
    counts for ten, one with ``inputs`` for as many as it may answer.
    """

    def __init__(
        self, schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
    ) -> None:
        self._schema = schema
        self._operation = operation
        self._fragments = fragments
        self._defaults = {
            definition.variable.name.value: definition.default_value
            for definition in operation.variable_definitions or ()
        }
        self.variables: set[str] = set()
        """Names of the variables that the cost depends on; complete after the first ``of``."""

    def of(self, variables: Mapping[str, Any]) -> int:
        """The cost with these variables, not yet coerced."""
        root = self._schema.get_root_type(self._operation.operation)
        known: dict[str, int] = {}
        return self._selections(self._operation.selection_set, root, variables, known) if root else 0

    def _selections(
        self, selections: SelectionSetNode, parent: Any, variables: Mapping[str, Any], known: dict[str, int]
    ) -> int:
        total = 0
        for selection in selections.selections:
            match selection:
                case FieldNode():
                    total += self._field(selection, parent, variables, known)
                case InlineFragmentNode():
                    total += self._selections(selection.selection_set, self._type(selection, parent), variables, known)
                case FragmentSpreadNode():
                    total += self._spread(selection.name.value, variables, known)
        return total

    def _spread(self, name: str, variables: Mapping[str, Any], known: dict[str, int]) -> int:
        if name not in known:
            fragment = self._fragments[name]
            parent = self._schema.get_type(fragment.type_condition.name.value)
            known[name] = self._selections(fragment.selection_set, parent, variables, known)
        return known[name]

    def _type(self, selection: InlineFragmentNode, parent: Any) -> Any:
        condition = selection.type_condition
        return self._schema.get_type(condition.name.value) if condition else parent

    def _field(self, node: FieldNode, parent: Any, variables: Mapping[str, Any], known: dict[str, int]) -> int:
        if node.selection_set is None or node.name.value.startswith("__"):
            return 0
        field: GraphQLField | None = parent.fields.get(node.name.value) if hasattr(parent, "fields") else None
        if field is None:
            return 0
        inner = get_named_type(field.type)
        if not isinstance(inner, GraphQLObjectType | GraphQLUnionType):
            return 0
        return self._items(node, field, parent, variables) * (
            1 + self._selections(node.selection_set, inner, variables, known)
        )

    def _items(self, node: FieldNode, field: GraphQLField, parent: Any, variables: Mapping[str, Any]) -> int:
        if "first" in field.args:
            return self._first(node, field, variables)
        if BULK in field.args:
            return MOST_AT_ONCE
        if _is_list(field.type) and not parent.name.endswith("Connection"):
            return SHORT_LIST
        return 1

    def _first(self, node: FieldNode, field: GraphQLField, variables: Mapping[str, Any]) -> int:
        default = field.args["first"].default_value
        value: Any = default if isinstance(default, int) else PAGE
        for argument in node.arguments or ():
            if argument.name.value == "first":
                value = self._value(argument.value, variables, value)
        return min(max(value, 1), MAX_PAGE) if isinstance(value, int) else PAGE

    def _value(self, node: Any, variables: Mapping[str, Any], otherwise: Any) -> Any:
        if isinstance(node, IntValueNode):
            return int(node.value[:12])
        if isinstance(node, VariableNode):
            name = node.name.value
            self.variables.add(name)
            if name in variables:
                return variables[name]
            return self._value(self._defaults.get(name), variables, otherwise)
        return otherwise


def _is_list(wrapped: GraphQLOutputType) -> bool:
    return isinstance(wrapped.of_type if isinstance(wrapped, GraphQLNonNull) else wrapped, GraphQLList)
