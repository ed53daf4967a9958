"""Argument values: each a function of the coerced variables, and what it is this time."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
)
from graphql.utilities import coerce_input_literal
from graphql.utilities.coerce_input_value import coerce_default_value

from read_api.compiler.errors import NotCompilable, Reason
from read_api.errors import bad_request

MAX_FIRST = 1_000
DEFAULT_FIRST = 50

Variables = Mapping[str, Any]


def page_size(first: int | None) -> int:
    """How many items were asked for; raises an ApiError (BAD_REQUEST)."""
    if first is None:
        return DEFAULT_FIRST
    if 0 <= first <= MAX_FIRST:
        return first
    raise bad_request(f"`first` is between 0 and {MAX_FIRST}")


@dataclass(frozen=True)
class Value:
    """An argument's value; a statement's text may depend on which parts of ``sample`` are null, and on enums."""

    get: Callable[[Variables], Any]
    sample: Any

    def map(self, function: Callable[[Any], Any]) -> "Value":
        """The same, put through a function whenever a statement is bound; it may raise an ApiError."""
        return Value(lambda variables: function(self.get(variables)), self.sample)

    def item(self, key: str) -> "Value":
        """One field of an input object."""
        return Value(lambda variables: self.get(variables)[key], self.sample[key])


def constant(value: Any) -> Value:
    """A value that depends on no variable."""
    return Value(lambda _: value, value)


def arguments_of(field: GraphQLField, node: FieldNode, variables: Variables) -> dict[str, Value]:
    """The arguments of a field as they were sent, with the defaults of those that were not."""
    sent = {argument.name.value: argument.value for argument in node.arguments or ()}
    found: dict[str, Value] = {}
    for name, argument in field.args.items():
        value = _value(sent[name], argument.type, variables) if name in sent else None
        if value is None and (default := coerce_default_value(argument)) is not Undefined:
            value = constant(default)
        if isinstance(argument.type, GraphQLNonNull) and (value is None or value.sample is None):
            raise NotCompilable(Reason.REFUSED)
        if value is not None:
            found[name] = value
    return found


def _value(node: ValueNode, wrapped: GraphQLInputType, variables: Variables) -> Value | None:
    """None for a variable that was not sent and has no default."""
    if isinstance(node, VariableNode):
        name = node.name.value
        return Value(lambda sent: sent[name], variables[name]) if name in variables else None
    inner: Any = wrapped.of_type if isinstance(wrapped, GraphQLNonNull) else wrapped
    if isinstance(node, ObjectValueNode) and isinstance(inner, GraphQLInputObjectType) and any(_variables(node)):
        return _object(node, inner, variables)
    if isinstance(node, ListValueNode) and isinstance(inner, GraphQLList) and any(_variables(node)):
        return _list(node, inner, variables)
    literal = coerce_input_literal(node, wrapped)
    if literal is Undefined:
        raise NotCompilable(Reason.REFUSED)
    return constant(literal)


def _object(node: ObjectValueNode, wanted: GraphQLInputObjectType, variables: Variables) -> Value:
    sent = {field.name.value: field.value for field in node.fields}
    parts: dict[str, Value] = {}
    for name, field in wanted.fields.items():
        value = _value(sent[name], field.type, variables) if name in sent else None
        if value is None and (default := coerce_default_value(field)) is not Undefined:
            value = constant(default)
        if value is not None:
            parts[field.out_name or name] = value
    return Value(
        lambda variables: {name: part.get(variables) for name, part in parts.items()},
        {name: part.sample for name, part in parts.items()},
    )


def _list(node: ListValueNode, wanted: GraphQLList[Any], variables: Variables) -> Value:
    items = [_value(item, wanted.of_type, variables) or constant(None) for item in node.values]
    return Value(lambda variables: [item.get(variables) for item in items], [item.sample for item in items])


def _variables(node: ValueNode) -> Iterator[bool]:
    """True for each variable within a literal."""
    if isinstance(node, VariableNode):
        yield True
    for field in node.fields if isinstance(node, ObjectValueNode) else ():
        yield from _variables(field.value)
    for item in node.values if isinstance(node, ListValueNode) else ():
        yield from _variables(item)


def shape(value: Any) -> Any:
    """What of a variable's value the text of a statement may depend on: nulls, enums, truth and the keys of objects."""
    match value:
        case None | bool():
            return value
        case Enum():
            return value.name
        case dict():
            return tuple((key, shape(each)) for key, each in value.items())
        case list():
            return tuple(shape(each) for each in value)
        case _:
            return "*"


def plain(value: Any) -> Any:
    """An enum's value: literals come as such, variables as members."""
    return value.value if isinstance(value, Enum) else value
