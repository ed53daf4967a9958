"""The wiring of the projections; what not every process needs, and takes long to import, is in two more modules.

search_bootstrap.py wires Elasticsearch, worker_bootstrap.py the workers behind Kafka.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from event_schemas.ports import EventLog
from event_schemas.streams import Position, StreamName
from event_schemas.topics import LOG, Lane, whole_log
from event_schemas.wakes import advanced_channel
from projections.catalog import CARDS, POSTGRES, SEARCH
from projections.changes import Change, VersionedChange
from projections.engines.store import BATCH, Follower, GroupStatus
from projections.runner import Runner
from projections.sinks.connection import connected
from projections.sinks.documents import StoredDocuments
from projections.sinks.postgres import postgres_sink
from projections.sinks.progress import Progress
from projections.sinks.redis import RedisSink
from write_side.adapters.ending import ended
from write_side.adapters.event_logs import open_event_log
from write_side.adapters.telling import telling

_REDIS_SECONDS = 5.0


class Projections:
    """The view groups that follow the log in this process."""

    def __init__(self, followers: Sequence[Follower]) -> None:
        self._followers = followers

    @property
    def status(self) -> tuple[GroupStatus, ...]:
        """How each view group is doing now."""
        return tuple(follower.status for follower in self._followers)

    async def progress(self) -> Sequence[GroupStatus]:
        """The same, for who does not know whether the groups are in this process."""
        return self.status


@asynccontextmanager
async def start(
    *,
    event_store_url: str,
    master_secret: bytes,
    postgres_url: str,
    redis_url: str,
    elasticsearch_url: str | None = None,
    advanced: Callable[[Position], None] | None = None,
) -> AsyncIterator[Projections]:
    """Keep all views up with the log while the context is open. What is down is waited for, also at the start.

    ``advanced`` is told each position that the Postgres views have reached.
    """
    log = await open_event_log(
        event_store_url, postgres_url=postgres_url, secret=master_secret, role="crm_worker", connections=2
    )
    try:
        async with following(
            log, postgres_url=postgres_url, redis_url=redis_url, elasticsearch_url=elasticsearch_url, advanced=advanced
        ) as projections:
            yield projections
    finally:
        await log.close()


@asynccontextmanager
async def following(
    log: EventLog,
    *,
    postgres_url: str,
    redis_url: str,
    elasticsearch_url: str | None = None,
    elasticsearch_prefix: str = "crm",
    advanced: Callable[[Position], None] | None = None,
) -> AsyncIterator[Projections]:
    """The same for a log that is open already: whoever appends through it wakes its followers at once."""
    async with views_advanced(redis_url, POSTGRES.name) as told:

        def moved(position: Position) -> None:
            told({LOG: position})
            if advanced is not None:
                advanced(position)

        followers = [
            Follower(group=POSTGRES.name, log=log, runner=partial(postgres_runner, postgres_url), advanced=moved),
            Follower(group=CARDS.name, log=log, runner=partial(cards_runner, postgres_url, redis_url)),
        ]
        if elasticsearch_url is not None:
            from projections.search_bootstrap import search_runner  # noqa: PLC0415 -- most starts do without, and sooner

            owner = partial(search_runner, postgres_url, elasticsearch_url, prefix=elasticsearch_prefix)
            followers.append(Follower(group=SEARCH.name, log=log, runner=owner))
        tasks = [asyncio.create_task(follower.run(), name=follower.status.group) for follower in followers]
        try:
            with room_for_batches():
                yield Projections(followers)
        finally:
            await ended(tasks)


@asynccontextmanager
async def views_advanced(redis_url: str, group: str) -> AsyncIterator[Callable[[Mapping[Lane, Position]], None]]:
    """What to call with the watermarks of a group that have moved, after the commit: readers elsewhere need not poll.

    It returns at once and raises nothing, whatever Redis is doing.
    """
    async with telling(redis_url, partial(advanced_channel, group=group)) as one:
        yield one.tell


@contextmanager
def room_for_batches() -> Iterator[None]:
    """Let the cycle collector of this process look more seldom.

    A batch keeps some twenty objects an event until it is committed, and none of them is in a cycle. At the usual
    threshold they make the collector walk everything the process holds, batch after batch: a third of the time.
    """
    usual = gc.get_threshold()
    gc.set_threshold(max(usual[0], 100 * BATCH), *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def redis_client(url: str) -> Redis:
    """A client that fails at once: it is the follower who waits and tries again."""
    patience = Retry(NoBackoff(), retries=0)
    return Redis.from_url(url, retry=patience, socket_connect_timeout=_REDIS_SECONDS, socket_timeout=_REDIS_SECONDS)


@asynccontextmanager
async def postgres_runner(
    postgres_url: str, *, lane_of: Callable[[StreamName], Lane] = whole_log
) -> AsyncIterator[Runner[Change]]:
    """An owner of the group of all Postgres views."""
    async with connected(postgres_url) as connection:
        documents = StoredDocuments(group=POSTGRES.name, connection=connection, lane_of=lane_of)
        sink = await postgres_sink(connection, POSTGRES.tables, documents)
        progress = Progress(group=POSTGRES.name, connection=connection)
        yield Runner(group=POSTGRES, progress=progress, sink=sink, lane_of=lane_of)


@asynccontextmanager
async def cards_runner(
    postgres_url: str, redis_url: str, *, lane_of: Callable[[StreamName], Lane] = whole_log
) -> AsyncIterator[Runner[VersionedChange]]:
    """An owner of the group of the cards, feeds and live counters."""
    async with redis_client(redis_url) as client, connected(postgres_url) as connection:
        documents = StoredDocuments(group=CARDS.name, connection=connection, lane_of=lane_of)
        views = " ".join(view.NAME for view in CARDS.views)
        sink = RedisSink(client=client, group=CARDS.name, documents=documents, views=views)
        progress = Progress(group=CARDS.name, connection=connection)
        yield Runner(group=CARDS, progress=progress, sink=sink, lane_of=lane_of)
