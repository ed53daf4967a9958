"""Feeds from Redis or Valkey, as the projections keep them: sorted sets ``feed:{<tenant>}:<feed>`` by position."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.resources import files

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from event_schemas.streams import Position, TenantId
from read_api.card_store import NOTE, CardsProgress, held
from read_api.feed import KEPT, FeedItem, FeedsUnavailable, Items, Refill

BEGINNING = b""
"""The member, at position 0, of a feed that lacks nothing: lost or trimmed before anything else is."""

_decode = msgspec.json.Decoder(FeedItem).decode
_encode = msgspec.json.Encoder().encode


class RedisFeeds:
    """``Feeds`` over one client."""

    def __init__(
        self,
        client: Redis,
        *,
        views: Callable[[], Awaitable[Position]],
        cards: Callable[[], Awaitable[CardsProgress]],
    ) -> None:
        """``views``: how far the tables are, and a store behind them is not asked. ``cards``: its watermarks."""
        self._client = client
        self._views = views
        self._cards = cards
        self._refill = client.register_script(_source())

    async def newest(
        self, tenant: TenantId, feeds: Sequence[str], first: int, *, at_least: Position
    ) -> Mapping[str, Items]:
        """In one round trip."""
        if first == 0 or not feeds:
            return dict.fromkeys(feeds, ())
        wanted = max(at_least, await self._views())
        pipeline = self._client.pipeline(transaction=False)
        progress = await self._cards()
        pipeline.hgetall(NOTE)  # first: what is read after it is at least as new as it says
        for feed in feeds:
            pipeline.zrange(_key(tenant, feed), 0, first - 1, desc=True)
        with _translated():
            note, *found = await pipeline.execute()
        if held(note, progress).position < wanted:
            raise FeedsUnavailable("the feeds are being filled")
        whole = {feed: members for feed, members in zip(feeds, found, strict=True) if _is_whole(members, first)}
        return {feed: [_decode(member) for member in members if member] for feed, members in whole.items()}

    async def refill(self, tenant: TenantId, refills: Sequence[Refill]) -> None:
        """Unless the store is ahead of the tables, and so might miss what only it has had."""
        with _translated():
            furthest = held(await self._client.hgetall(NOTE), await self._cards()).furthest
            async with self._client.pipeline(transaction=False) as pipeline:  # gives its connection back, come what may
                for refill in refills:
                    if furthest <= refill.until:
                        await self._refill([_key(tenant, refill.feed)], _arguments(refill), client=pipeline)
                await pipeline.execute()


def _is_whole(members: Sequence[bytes], first: int) -> bool:
    """Whether nothing can be missing: as many as were asked for, or the beginning is among them."""
    return len(members) == first or BEGINNING in members[-1:]


def _arguments(refill: Refill) -> list[str | bytes | int]:
    members: list[str | bytes | int] = [2 * KEPT]
    for item in refill.items:
        members += (item.position, _encode(item))
    return [*members, 0, BEGINNING] if refill.complete else members


def _key(tenant: TenantId, feed: str) -> str:
    return f"feed:{{{tenant}}}:{feed}"


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise FeedsUnavailable(f"the feeds cannot be reached: {type(error).__name__}: {error}") from error


@cache
def _source() -> str:
    return files("read_api").joinpath("refill.lua").read_text(encoding="utf-8")
