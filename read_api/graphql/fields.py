"""Strawberry fields with their declared sources, and the reference resolvers generated from them."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import Enum, EnumMeta
from typing import Any

import orjson
import strawberry
from strawberry.types import Info

from read_api.compiler.sources import (
    SOURCE,
    Col,
    DaysSince,
    Embed,
    Entity,
    Filter,
    Items,
    Listing,
    Many,
    One,
    Pages,
    RootOne,
    SortKey,
    Source,
    Told,
)
from read_api.errors import not_found
from read_api.graphql.lists import ListArguments, asked, page
from read_api.graphql.loaders import entity_of, members, related
from read_api.graphql.rows import Row
from read_api.graphql.types.as_of import AsOf
from read_api.values import parse_id

UNSET = strawberry.UNSET
DEFAULT_FIRST = 50


def column(description: str | None = None) -> Any:
    """A plain column, named as the field."""
    return strawberry.field(metadata={SOURCE: Col()}, description=description)


def resolved(resolve: Callable[..., Any], source: Source | None = None, description: str | None = None) -> Any:
    """A field with a resolver and, where SQL can answer it, a source; the field's own annotation says its type."""
    resolve.__annotations__.pop("return", None)
    metadata = {} if source is None else {SOURCE: source}
    return strawberry.field(resolver=resolve, metadata=metadata, description=description)


def embedded(cls: Callable[..., Any], **columns: str) -> Any:
    """An object of some of the row's columns; null when the first of them is."""
    first = next(iter(columns.values()))

    def resolve(self: Row) -> Any:
        if self.record[first] is None:
            return None
        return cls(**{name: self.record[each] for name, each in columns.items()})

    return resolved(resolve, Embed(columns))


def days_since(since: str, description: str) -> Any:
    """Whole days from a column's instant to the moment that is asked about."""

    def resolve(self: Row) -> int:
        passed: timedelta = self.moment.at - self.record[since]
        return max(0, passed.days)

    return resolved(resolve, DaysSince(since), description)


def told(sql: str, tell: Callable[[Row], Any], description: str | None = None) -> Any:
    """What SQL tells of a row, and Python the same."""

    def resolve(self: Row) -> Any:
        return tell(self)

    return resolved(resolve, Told(sql), description)


def texts(name: str, description: str | None = None) -> Any:
    """A JSON column that lists strings, named as the field."""

    def resolve(self: Row) -> Any:
        return orjson.loads(self.record[name])

    return resolved(resolve, Col(), description)


def items(sql: str, read: Callable[[Any], list[dict[str, Any]]], description: str | None = None) -> Any:
    """Objects that a JSON column lists: as rows in SQL, and as Python reads them from the row's record."""

    def resolve(self: Row) -> Any:
        return [Row(each, self.moment) for each in read(self.record)]

    return resolved(resolve, Items(sql), description)


def one(entity: Entity, *, description: str | None = None, **keys: str) -> Any:
    """The entity that a column points at; keys are column there = column here, the id first."""
    source = One(entity, tuple(keys.items()))

    async def resolve(self: Row, info: Info) -> Any:
        return await related(info.context, source, self)

    return resolved(resolve, source, description)


def many(entity: Entity, *, key: str, order: tuple[str, ...], description: str | None = None) -> Any:
    """The few rows that point at this row."""
    source = Many(entity, key, order)

    async def resolve(self: Row, info: Info) -> Any:
        return await members(info.context, source, self)

    return resolved(resolve, source, description)


def where(sql: str, kind: str, *, parse: Callable[[Any], Any] | None = None, as_of: str | None = None) -> Any:
    """A field of a filter type, with its condition."""
    return strawberry.field(default=UNSET, metadata={SOURCE: Filter(sql, kind, parse, as_of)})


def filters_of(cls: Any) -> Mapping[str, Filter]:
    """The conditions declared on a filter type, by the Python names of its fields."""
    return {each.python_name: each.metadata[SOURCE] for each in cls.__strawberry_definition__.fields}


def sort_enum(name: str, sorts: Mapping[str, SortKey]) -> Any:
    """The enum of all sorts in both directions."""
    names = [f"{key}_{direction}" for key in sorts for direction in ("ASC", "DESC")]
    members: EnumMeta = EnumMeta.__call__(Enum, name, [(each, each) for each in names])
    return strawberry.enum(members)


def entity(source: Entity, description: str) -> Any:
    """A root field: the entity of an id."""

    async def resolve(info: Info, id: strawberry.ID, as_of: AsOf | None = UNSET, read_after: str | None = UNSET) -> Any:
        found = await entity_of(info.context, source, parse_id(id), asked(as_of))
        if found is None:
            raise not_found()
        return found

    return resolved(resolve, RootOne(source), description)


def listed(listing: Listing, filter_type: Any, sort_type: Any, description: str) -> Any:
    """A root field: a list."""
    source = Pages(listing)

    async def resolve(
        info: Info,
        first: int | None = DEFAULT_FIRST,
        after: str | None = UNSET,
        filter: Any = UNSET,
        sort: Any = UNSET,
        as_of: AsOf | None = UNSET,
        read_after: str | None = UNSET,
    ) -> Any:
        return await page(info.context, source, ListArguments(first, after, filter, sort, as_of))

    resolve.__annotations__ |= {"filter": filter_type | None, "sort": sort_type | None}
    return resolved(resolve, source, description)


def nested(listing: Listing, *, key: str, filter_type: Any, sort_type: Any, description: str) -> Any:
    """The list of what points at this row."""
    source = Pages(listing, key)

    async def resolve(
        self: Row,
        info: Info,
        first: int | None = DEFAULT_FIRST,
        after: str | None = UNSET,
        filter: Any = UNSET,
        sort: Any = UNSET,
    ) -> Any:
        return await page(info.context, source, ListArguments(first, after, filter, sort), self)

    resolve.__annotations__ |= {"filter": filter_type | None, "sort": sort_type | None}
    return resolved(resolve, source, description)
