"""Feeds: what happened lately to what concerns somebody, the newest first, from wherever it can be had."""

import heapq
import logging
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Protocol, cast
from uuid import UUID

import msgspec
import orjson

from event_schemas.streams import Position, TenantId

_log = logging.getLogger(__name__)

KEPT = 500
"""Items that the store of feeds keeps of each at least; older ones are read from the tables."""


class FeedItem(msgspec.Struct, frozen=True, gc=False):
    """One event, as the projections' view activity_feed keeps it."""

    position: int
    type: str
    occurred_at: str
    """In UTC, as RFC 3339 says it: all who read it write it again."""
    actor: str
    kind: str
    id: UUID
    name: str | None
    data: msgspec.Raw


Items = Sequence[FeedItem]


class Refill(msgspec.Struct, frozen=True):
    """A feed as the tables have it, for a store that has too little of it."""

    feed: str
    items: Items
    complete: bool
    """Nothing is older than these."""
    until: Position
    """How far the tables were."""


class FeedsUnavailable(ConnectionError):
    """The store of the feeds cannot be reached, or is behind the tables, which hold the same and more."""


class Feeds(Protocol):
    """Reads feeds where the newest items are at hand."""

    async def newest(
        self, tenant: TenantId, feeds: Sequence[str], first: int, *, at_least: Position
    ) -> Mapping[str, Items]:
        """The newest of each feed, up to KEPT; those of a feed that is not known to be whole are left out.

        What the views showed at a position is in there. Raises FeedsUnavailable.
        """
        ...

    async def refill(self, tenant: TenantId, refills: Sequence[Refill]) -> None:
        """Give back what is missing there; raises FeedsUnavailable."""
        ...


@cache
def _statement() -> str:
    return files("read_api.queries").joinpath("feed.sql").read_text(encoding="utf-8")


async def newest(context: Any, feeds: Sequence[str], first: int, *, at_least: Position) -> Items:
    """The newest items of several feeds together, each once: one round trip, and more only for what is not at hand."""
    if first > KEPT:
        found = await _from_tables(context, feeds, first)
    else:
        found = await _at_hand(context, feeds, first, at_least)
    if len(found) == 1:
        return next(iter(found.values()))
    merged = heapq.merge(*found.values(), key=lambda item: item.position, reverse=True)
    return list({item.position: item for item in merged}.values())[:first]


async def _at_hand(context: Any, feeds: Sequence[str], first: int, at_least: Position) -> Mapping[str, Items]:
    try:
        found = await context.feeds.newest(context.tenant, feeds, first, at_least=at_least)
    except FeedsUnavailable:
        return await _from_tables(context, feeds, first)
    if short := [feed for feed in feeds if feed not in found]:
        found = {**found, **await _refilled(context, short, first)}
    return cast("Mapping[str, Items]", found)


async def _refilled(context: Any, feeds: Sequence[str], first: int) -> Mapping[str, Items]:
    """The items as the tables have them; the store gets them too, for the next reader."""
    (head,) = await context.transaction.fetch("select view_position('postgres') as position")
    found = await _from_tables(context, feeds, KEPT + 1)
    until = Position(head["position"])
    try:
        await context.feeds.refill(
            context.tenant,
            [Refill(feed, items[:KEPT], len(items) <= KEPT, until) for feed, items in found.items()],
        )
    except FeedsUnavailable as error:
        _log.warning("%s", error)  # the answer is here all the same
    return {feed: items[:first] for feed, items in found.items()}


async def _from_tables(context: Any, feeds: Sequence[str], limit: int) -> Mapping[str, Items]:
    found: dict[str, list[FeedItem]] = {feed: [] for feed in feeds}
    for row in await context.transaction.fetch(_statement(), list(feeds), limit):
        found[row["feed"]].append(_item(row))
    return found


def _item(row: Any) -> FeedItem:
    identity = UUID(bytes=row["id"].bytes)  # of the standard library's own class, as encoders want it
    data = msgspec.Raw(orjson.dumps(orjson.loads(row["data"])))  # as compact as the projections write it
    occurred_at = msgspec.to_builtins(row["occurred_at"])
    return FeedItem(row["position"], row["type"], occurred_at, row["actor"], row["kind"], identity, row["name"], data)
