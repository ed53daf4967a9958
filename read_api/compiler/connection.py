"""Lists of entities: roots, and below a row the rows that point at it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graphql import FieldNode, GraphQLField, get_named_type

from read_api.as_of import Question, asked_by_cursor
from read_api.compiler.arguments import Value, constant, page_size, plain
from read_api.compiler.frame import Frame, MomentSql
from read_api.compiler.paging import PageSql, RowText, page_text
from read_api.compiler.sources import Filter, Listing, Pages, Point, Sort, Standing
from read_api.compiler.text import Json
from read_api.cursors import decode

Condition = Callable[[str, Point | None], str]
"""SQL for a row's alias at a point."""


@dataclass(frozen=True)
class Asked:
    """A list's arguments in SQL."""

    sort: Sort
    first: int
    after: Value | None
    """Gives the Cursor."""
    conditions: list[Condition]


@dataclass(frozen=True)
class Nested:
    """A list below a row."""

    source: Pages
    definition: GraphQLField
    nodes: list[FieldNode]
    parent: str
    """The row's alias."""
    moment: MomentSql


def asked_of(frame: Frame, listing: Listing, definition: GraphQLField, arguments: dict[str, Value]) -> Asked:
    """Read the arguments of a list, but for its moment; raises an ApiError."""
    sort = listing.sort(plain(_sample(arguments, "sort")))
    first = arguments.get("first", constant(None))
    frame.statement.checks.append(lambda variables: page_size(first.get(variables)))
    after = None
    if _sample(arguments, "after") is not None:
        after = arguments["after"].map(
            lambda text: decode(listing.name, sort.name, sort.key.type, text, nullable=sort.key.nullable)
        )
        frame.statement.checks.append(after.get)
    conditions = [*_conditions(frame, definition, arguments), *_standing(frame, listing, arguments)]
    return Asked(sort, page_size(first.sample), after, conditions)


def _sample(arguments: dict[str, Value], name: str) -> Any:
    return arguments[name].sample if name in arguments else None


def _conditions(frame: Frame, definition: GraphQLField, arguments: dict[str, Value]) -> list[Condition]:
    if _sample(arguments, "filter") is None:
        return []
    given = arguments["filter"]
    declared = frame.declarations.filters(get_named_type(definition.args["filter"].type).name)
    return [
        condition_of(frame, declared[name], given.item(name))
        for name, sample in given.sample.items()
        if sample is not None
    ]


def _standing(frame: Frame, listing: Listing, arguments: dict[str, Value]) -> list[Condition]:
    sent = _sample(arguments, "filter") or {}

    def condition(each: Standing) -> Condition:
        return lambda row, _: each.condition(row, frame.statement.user)

    return [condition(each) for each in listing.standing if each.holds(lambda name: plain(sent.get(name)))]


def condition_of(frame: Frame, each: Filter, value: Value) -> Condition:
    """A condition with its parameter."""
    placeholder = frame.statement.parameter(value.map(each.parameter), each.type)
    return lambda row, point: each.condition(row, placeholder, point)


def moment_after(frame: Frame, asked: Asked, otherwise: MomentSql) -> MomentSql:
    """The moment that the cursor pins, if there is one."""
    if asked.after is None:
        return otherwise
    return frame.statement.moment(Question.PINNED, asked.after.map(asked_by_cursor))


def nested_pages(frame: Frame, nested: Nested, row_text: RowText) -> Json:
    """The connection of a row's list."""
    arguments = frame.arguments(nested.definition, nested.nodes[0])
    asked = asked_of(frame, nested.source.listing, nested.definition, arguments)
    moment = moment_after(frame, asked, nested.moment)
    asked.conditions.append(lambda row, _: f"{row}.{nested.source.key}={nested.parent}.id")
    page = page_of(frame, nested.source.listing, asked, moment)
    return page_text(frame, page, nested.nodes, get_named_type(nested.definition.type).name, row_text)


def page_of(frame: Frame, listing: Listing, asked: Asked, moment: MomentSql) -> PageSql:
    """A page of a relation's rows."""
    point = moment.point
    relation = listing.entity.relation(point)

    def where(alias: str) -> str:
        return " and ".join([condition(alias, point) for condition in asked.conditions] or ["true"])

    def rows(limit: int) -> str:
        alias = frame.statement.alias()
        conditions = where(alias)
        if asked.after is not None:
            conditions += f" and {after_text(frame, asked.sort, asked.after, alias)}"
        return (
            f"(select {alias}.* from {relation} {alias} where {conditions}"
            f" order by {asked.sort.order_by(alias)} limit {limit})"
        )

    def count() -> str:
        alias = frame.statement.alias()
        return f"select count(*) from {relation} {alias} where {where(alias)}"

    return PageSql(
        list_name=listing.name,
        sort_name=asked.sort.name,
        key=asked.sort.key,
        first=asked.first,
        continues=asked.after is not None,
        moment=moment,
        rows=rows,
        rank=asked.sort.order_by,
        count=count,
    )


def after_text(frame: Frame, sort: Sort, cursor: Value, alias: str) -> str:
    """Whether a row comes after the cursor."""
    key = frame.statement.parameter(cursor.map(lambda place: place.key), sort.key.type)
    identity = "" if sort.key.unique else frame.statement.parameter(cursor.map(lambda place: place.id), "uuid")
    return sort.after(alias, key, identity)
