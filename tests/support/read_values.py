"""Random values for the arguments of queries."""

import random
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    get_named_type,
)

from tests.support.read_world import World

_POOLS = {
    "parent": "account",
    "owner": "user",
    "timeline": "deal",
    "entityCard": "account",
    "duplicates": "contact",
    "related": "contact",
}
"""What an argument is called -> whose ids it takes."""


@dataclass(frozen=True)
class Name:
    """An enum's value."""

    text: str


@dataclass(frozen=True)
class Typed:
    """A field of an input object: its type and its value."""

    type: Any
    value: Any


def plain(value: Any) -> Any:
    """As JSON says it."""
    match value:
        case Name(text=text):
            return text
        case dict():
            return {name: plain(typed.value) for name, typed in value.items()}
        case list():
            return [plain(each) for each in value]
        case _:
            return value


class Values:
    """Makes values of a schema's input types up, now and then bad ones."""

    def __init__(self, schema: GraphQLSchema, world: World, rng: random.Random) -> None:
        self._schema = schema
        self._world = world
        self._rng = rng

    def _chance(self, probability: float) -> bool:
        return self._rng.random() < probability

    def value(self, wrapped: Any, name: str, of: str) -> Any:
        """A value of a type, for an argument or input field of this name, of this field or input type."""
        inner = wrapped.of_type if isinstance(wrapped, GraphQLNonNull) else wrapped
        if not isinstance(wrapped, GraphQLNonNull) and self._chance(0.08):
            return None
        if isinstance(inner, GraphQLList):
            length = self._rng.choice((0, 1, 1, 2, 3))
            return [self.value(GraphQLNonNull(get_named_type(inner)), name, of) for _ in range(length)]
        if isinstance(inner, GraphQLEnumType):
            return Name(self._rng.choice(list(inner.values)))
        if isinstance(inner, GraphQLInputObjectType):
            return self._input(inner)
        return self._scalar(inner.name, name, of)

    def _input(self, wanted: GraphQLInputObjectType) -> Any:
        if wanted.name == "AsOf":
            return self._as_of()
        names = self._rng.sample(list(wanted.fields), min(len(wanted.fields), self._rng.choice((0, 1, 1, 2, 3))))
        types = {name: wanted.fields[name].type for name in names}
        return {name: Typed(each, self.value(each, name, wanted.name)) for name, each in types.items()}

    def _as_of(self) -> Any:
        schema_type: Any = self._schema.get_type("AsOf")
        types = {name: each.type for name, each in schema_type.fields.items()}
        at, position = self._rng.choice(self._world.instants), self._rng.choice(self._world.positions)
        given: dict[str, Any] = self._rng.choice(
            (
                {"at": at},
                {"at": at, "clock": Name("RECORDED")},
                {"at": at, "clock": Name("OCCURRED")},
                {"at": at, "clock": Name("OCCURRED")},
                {"position": position},
                {"position": position, "at": None},
                {"at": at, "clock": None, "position": None},
            )
        )
        if self._chance(0.03):
            given = self._rng.choice(
                ({}, {"at": at, "position": position}, {"position": "x"}, {"position": "99999999999999999"})
            )
        return {name: Typed(types[name], value) for name, value in given.items()}

    def _scalar(self, type_name: str, name: str, of: str) -> Any:
        rng = self._rng
        match type_name:
            case "ID":
                return self._id(name, of)
            case "Boolean":
                return self._chance(0.5)
            case "BigInt":
                return rng.choice(("0", "100", "55000", "1000050", "-5", "999999999999", "9223372036854775807"))
            case "Date" if of == "activityCounts":
                usual = {"from": ("2024-06-30", "2024-12-31"), "to": ("2025-01-01", "2025-06-01")}[name]
                return rng.choice(("0001-01-01", "9999-12-31") if self._chance(0.02) else usual)
            case "Date":
                return rng.choice(("2024-06-30", "2025-01-01", "0001-01-01", "9999-12-31"))
            case "Int":
                return rng.choice((0, 50, 100, -1, 2**31 - 1))
            case "DateTime":
                return rng.choice(self._world.instants)
            case "String" if name == "currency":
                return rng.choice(("USD", "EUR", "CHF", "usd") if self._chance(0.1) else ("USD", "EUR"))
            case "String" if name in ("email", "phone", "source", "externalId"):
                return rng.choice(("ADA@example.org", "+14155550123", "030 1234", "web", "x-1", ""))
            case _:
                return rng.choice(("a\0b", "\ud800") if self._chance(0.02) else self._world.texts)

    def _id(self, name: str, of: str) -> str:
        kind = name.removesuffix("Id") if name != "id" else of
        kind = _POOLS.get(kind, kind)
        if self._chance(0.02):
            return self._rng.choice(
                ("x", "", "6e2f0a52", "6E2F0A52-0B4E-5C7D-9D0B-4F3A7C1E8D20", "{6e2f0a52-0b4e-5c7d-9d0b-4f3a7c1e8d20}")
            )
        pool = self._world.ids["foreign" if self._chance(0.05) else "absent" if self._chance(0.05) else kind]
        return self._rng.choice(pool)
