"""The arguments of lists, read and checked as the compiler reads and checks them."""

from collections.abc import Mapping
from typing import Any

import msgspec
import strawberry

from read_api.as_of import Asked, Question, asked_as_of, asked_by_cursor
from read_api.compiler.arguments import page_size
from read_api.compiler.sources import Filter, Listing, Pages, Rows, TimelinePages
from read_api.cursors import decode
from read_api.graphql.loaders import kept, moment_of, shared
from read_api.graphql.pages import Page, Pager, Query
from read_api.graphql.rows import Row
from read_api.graphql.statement import Arguments

UNSET = strawberry.UNSET


class ListArguments(msgspec.Struct, frozen=True):
    """As Strawberry hands them to a resolver."""

    first: int | None
    after: str | None
    filter: Any
    sort: Any
    as_of: Any = UNSET


def asked(as_of: Any) -> Asked:
    """Read an argument ``asOf``; raises an ApiError."""
    return asked_as_of(as_of.given() if as_of else None)


Fixed = tuple[tuple[Filter, Any], ...]
"""Conditions with their parameters."""


async def page(
    context: Any, source: Pages | TimelinePages, arguments: ListArguments, parent: Row | None = None, fixed: Fixed = ()
) -> Page:
    """The page that was asked for, of the rows that also meet fixed conditions; raises an ApiError."""
    listing = source.listing
    sort = listing.sort(arguments.sort.value if arguments.sort else None)
    first = page_size(arguments.first)
    wanted = asked(arguments.as_of)
    after = (
        decode(listing.name, sort.name, sort.key.type, arguments.after, nullable=sort.key.nullable)
        if arguments.after not in (None, UNSET)
        else None
    )
    if after is not None:
        wanted = asked_by_cursor(after)
    inherits = parent is not None and wanted.question is Question.NOW
    moment = parent.moment if parent is not None and inherits else await moment_of(context, wanted)
    filters = fixed + conditions(listing, arguments.filter)
    standing = tuple(each for each in listing.standing if each.holds(lambda name: _given(arguments.filter, name)))
    key = source.key if isinstance(source, Pages) else None
    pager = kept(
        context,
        ("pages", listing.name, sort.name, first, after, filters, standing, moment),
        lambda: Pager(
            Query(listing, sort, first, filters, after, moment, key, standing, context.user_id), context.transaction
        ),
    )
    return await shared(pager.pages.load(parent.record["id"] if parent is not None else None))


async def all_rows(context: Any, source: Rows, sent: Mapping[str, Any]) -> list[Row]:
    """Every row that meets the conditions on the arguments, which are None where none was sent; raises an ApiError."""
    source.check(sent)
    asked_for = [
        (each, each.parameter(sent[name])) for name, each in source.arguments.items() if sent[name] is not None
    ]
    moment = await moment_of(context, Asked(Question.NOW))
    arguments = Arguments()
    matching = " and ".join(each.condition("i", arguments.add(value, each.type), None) for each, value in asked_for)
    order = ", ".join(f"i.{column}" for column in source.order)
    rows = await context.transaction.fetch(
        f"select * from {source.entity.relation(None)} i where {matching or 'true'} order by {order}", *arguments.values
    )
    return [Row(row, moment) for row in rows]


def _given(filters: Any, name: str) -> Any:
    """What was sent for a filter; None for nothing."""
    found = getattr(filters, name) if filters else None
    return None if found is UNSET else found


def conditions(listing: Listing, given: Any) -> Fixed:
    """The filters that were sent, with their parameters; raises an ApiError."""
    if not given:
        return ()
    sent = [(each, getattr(given, name)) for name, each in listing.filters.items()]
    return tuple((each, each.parameter(value)) for each, value in sent if value not in (None, UNSET))
