"""Tells other processes over Redis how far something is: said and forgotten, it never holds anybody up."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from event_schemas.streams import START, Position
from event_schemas.topics import LOG, Lane
from event_schemas.wakes import appended_channel, encode_wake
from write_side.adapters.ending import ended

SECONDS: Final = 1.0
"""How long one message may take; meanwhile the furthest positions are kept, and nothing else."""
GAP_SECONDS: Final = 0.005
"""Between messages at least: a platform under load says less, not more, of each append."""

_log = logging.getLogger(__name__)


class Telling:
    """One channel. What is told while a message is under way goes with the next one: memory and traffic are bounded."""

    def __init__(self, client: Redis, channel: str) -> None:
        self._client = client
        self._channel = channel
        self._news: dict[Lane, Position] = {}
        self._told = asyncio.Event()
        self._is_down = False
        self.lost = 0
        """Messages that Redis did not take: whoever listens finds out by asking, a little later."""

    def tell(self, reached: Mapping[Lane, Position]) -> None:
        """Say it soon; returns at once and raises nothing, whatever Redis is doing."""
        for lane, position in reached.items():
            self._news[lane] = max(position, self._news.get(lane, START))
        self._told.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._told.wait()
            self._told.clear()
            await self.flush()
            await asyncio.sleep(GAP_SECONDS)  # what is told meanwhile needs no message of its own

    async def flush(self) -> None:
        """Say what is not yet said, if Redis takes it."""
        if self._news:
            news, self._news = self._news, {}
            await self._publish(encode_wake(news))

    async def _publish(self, message: bytes) -> None:
        try:
            async with asyncio.timeout(SECONDS):
                await self._client.publish(self._channel, message)
        except (RedisError, OSError, TimeoutError) as error:
            self.lost += 1
            if not self._is_down:
                _log.warning("%s: nobody is told for now: %s: %s", self._channel, type(error).__name__, error)
            self._is_down = True
        else:
            self._is_down = False


@asynccontextmanager
async def telling(redis_url: str, channel: Callable[[int], str]) -> AsyncIterator[Telling]:
    """A channel of the Redis at that URL, named for its database. The server may come up later, or never."""
    patience = Retry(NoBackoff(), retries=0)
    # no timeouts of its own: by theirs, redis-py would lose many a cancellation (see ``ended``)
    client = Redis.from_url(redis_url, retry=patience, socket_timeout=None, socket_connect_timeout=None)
    async with client:
        one = Telling(client, channel(database_of(client)))
        running = asyncio.create_task(one.run(), name="tell over Redis")
        try:
            yield one
        finally:
            await ended([running])
            await one.flush()


@asynccontextmanager
async def appends_told(redis_url: str | None) -> AsyncIterator[Callable[[Position], None] | None]:
    """What a store is to call with each new end of the log; None where there is no Redis to tell it over."""
    if redis_url is None:
        yield None
        return
    async with telling(redis_url, appended_channel) as one:
        yield lambda position: one.tell({LOG: position})


def database_of(client: Redis) -> int:
    """The number of the database that a client is for."""
    return int(client.connection_pool.connection_kwargs.get("db") or 0)
