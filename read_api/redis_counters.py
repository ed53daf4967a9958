"""Live counters from Redis or Valkey, as the projections keep them.

Sorted sets of ids ``counter:{<tenant>}:set:<owner>:<what>``, where ``all`` stands for every owner.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from event_schemas.streams import Position, TenantId
from read_api.card_store import NOTE, CardsProgress, held
from read_api.counters import CountersUnavailable, Counts

_SIZES = ("open_deals", "won_deals", "lost_deals", "new_leads", "qualified_leads", "open_activities")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class RedisCounters:
    """``LiveCounters`` over one client."""

    def __init__(
        self,
        client: Redis,
        *,
        views: Callable[[], Awaitable[Position]],
        cards: Callable[[], Awaitable[CardsProgress]],
    ) -> None:
        """As of RedisFeeds."""
        self._client = client
        self._views = views
        self._cards = cards

    async def of(self, tenant: TenantId, owner: UUID | None, now: datetime, *, at_least: Position) -> Counts:
        """In one round trip."""
        wanted = max(at_least, await self._views())
        begin = f"counter:{{{tenant}}}:set:{owner or 'all'}:"
        pipeline = self._client.pipeline(transaction=False)
        progress = await self._cards()
        pipeline.hgetall(NOTE)  # first: what is read after it is at least as new as it says
        for name in _SIZES:
            pipeline.zcard(begin + name)
        pipeline.zcount(begin + "open_activities", "-inf", f"({(now - _EPOCH) // _MICROSECOND}")
        try:
            note, *sizes, overdue = await pipeline.execute()
        except (RedisError, OSError, TimeoutError) as error:
            raise CountersUnavailable(f"the counters cannot be read: {type(error).__name__}: {error}") from error
        if held(note, progress).position < wanted:
            raise CountersUnavailable("the counters are being filled")
        return Counts(**dict(zip(_SIZES, sizes, strict=True)), overdue=overdue)
