"""The only wiring of the projections."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from functools import partial
from typing import Any, NamedTuple

from elasticsearch import AsyncElasticsearch
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from event_schemas.ports import EventLog
from event_schemas.relayed import Relayed
from event_schemas.streams import Position, StreamName
from event_schemas.topics import LOG, Lane, lane_of, whole_log
from event_schemas.wakes import advanced_channel
from projections.catalog import CARDS, POSTGRES, SEARCH
from projections.changes import Change, VersionedChange
from projections.engines.cluster import Cluster
from projections.engines.faust_app import LaneApp
from projections.engines.faust_groups import Group, run_groups
from projections.engines.lanes import LaneFollower
from projections.engines.relay_watch import RelayWatch
from projections.engines.store import BATCH, Follower, GroupStatus
from projections.runner import Runner
from projections.sinks.connection import connected
from projections.sinks.documents import StoredDocuments
from projections.sinks.elasticsearch import ElasticsearchSink
from projections.sinks.elasticsearch_index import PREFIX, Index
from projections.sinks.postgres import postgres_sink
from projections.sinks.progress import Progress
from projections.sinks.redis import RedisSink
from projections.sinks.relayed import RelayedTable
from write_side.adapters.event_logs import open_event_log
from write_side.adapters.kafka_connection import survive_closed_connections
from write_side.adapters.keys import DerivedTenantKeys
from write_side.adapters.kurrent_url import is_kurrent_url
from write_side.adapters.postgres_session import open_pool
from write_side.adapters.subject_salts import SubjectSalts
from write_side.adapters.telling import telling

_REDIS_SECONDS = 5.0
_ELASTICSEARCH_SECONDS = 30.0


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
    elasticsearch_prefix: str = PREFIX,
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
            owner = partial(search_runner, postgres_url, elasticsearch_url, prefix=elasticsearch_prefix)
            followers.append(Follower(group=SEARCH.name, log=log, runner=owner))
        tasks = [asyncio.create_task(follower.run(), name=follower.status.group) for follower in followers]
        try:
            with room_for_batches():
                yield Projections(followers)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


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


def elasticsearch_client(url: str) -> AsyncElasticsearch:
    """A client that asks once: it is the follower who waits and tries again."""
    return AsyncElasticsearch(url, max_retries=0, retry_on_timeout=False, request_timeout=_ELASTICSEARCH_SECONDS)


@asynccontextmanager
async def search_runner(
    postgres_url: str,
    elasticsearch_url: str,
    *,
    lane_of: Callable[[StreamName], Lane] = whole_log,
    prefix: str = PREFIX,
    refresh: bool = False,
) -> AsyncIterator[Runner[VersionedChange]]:
    """An owner of the group of what Elasticsearch searches.

    ``prefix`` begins the names of its indices; ``refresh`` as in ElasticsearchSink.
    """
    version = sum(view.VERSION for view in SEARCH.views)
    async with elasticsearch_client(elasticsearch_url) as client, connected(postgres_url) as connection:
        index = Index(client, prefix=prefix, version=version)
        sink = ElasticsearchSink(client=client, index=index, refresh=refresh)
        progress = Progress(group=SEARCH.name, connection=connection)
        yield Runner(group=SEARCH, progress=progress, sink=sink, lane_of=lane_of)


class WorkerParts(NamedTuple):
    """Where the parts are that workers behind Kafka need."""

    cluster: Cluster
    event_store_url: str
    postgres_url: str
    redis_url: str
    elasticsearch_url: str | None
    """None: nobody searches there, and there is no such view group."""
    master_secret: bytes


def worker_groups(parts: WorkerParts) -> dict[str, Callable[[], AbstractAsyncContextManager[Runner[Any]]]]:
    """The view groups that these parts allow, each with what makes an owner of some of its lanes."""
    owners: dict[str, Callable[[], AbstractAsyncContextManager[Runner[Any]]]] = {
        POSTGRES.name: partial(postgres_runner, parts.postgres_url, lane_of=lane_of),
        CARDS.name: partial(cards_runner, parts.postgres_url, parts.redis_url, lane_of=lane_of),
    }
    if parts.elasticsearch_url is not None:
        owners[SEARCH.name] = partial(search_runner, parts.postgres_url, parts.elasticsearch_url, lane_of=lane_of)
    return owners


Published = Callable[[], Relayed | None]
"""What the relay has published; None as long as nobody could ask."""


@asynccontextmanager
async def lane_follower(
    parts: WorkerParts, group: str, published: Published | None = None
) -> AsyncIterator[LaneFollower]:
    """What keeps the lanes of one group up in this process; nothing need be up for it yet."""
    async with AsyncExitStack() as stack:
        if published is None:
            published = await stack.enter_async_context(_relayed(parts))
        log = await open_event_log(
            parts.event_store_url,
            postgres_url=parts.postgres_url,
            secret=parts.master_secret,
            role="crm_worker",
            connections=2,
        )
        stack.push_async_callback(log.close)
        follower = LaneFollower(
            group=group,
            log=log,
            owner=worker_groups(parts)[group],
            keys=await stack.enter_async_context(_record_keys(parts)),
            relayed=published,
            advanced=await stack.enter_async_context(views_advanced(parts.redis_url, group)),
        )
        await stack.enter_async_context(aclosing(follower))
        stack.enter_context(room_for_batches())
        yield follower


@asynccontextmanager
async def _record_keys(parts: WorkerParts) -> AsyncIterator[SubjectSalts]:
    """What opens personal data in events that came by Kafka."""
    beside = parts.postgres_url if is_kurrent_url(parts.event_store_url) else parts.event_store_url
    pool = await open_pool(beside, "crm_worker", 1)
    salts = SubjectSalts(pool, DerivedTenantKeys(parts.master_secret))
    try:
        yield salts
    finally:
        await salts.close()


@asynccontextmanager
async def _relayed(parts: WorkerParts) -> AsyncIterator[Published]:
    """What the relay has published, also written down for readers."""
    table = RelayedTable(parts.postgres_url)
    watch = RelayWatch(cluster=parts.cluster, write=table.write)
    watching = asyncio.create_task(watch.run(), name="watch the relay")
    try:
        yield watch.latest
    finally:
        watching.cancel()
        await asyncio.wait({watching})
        await table.close()


def worker_app(parts: WorkerParts, group: str, published: Published | None = None) -> LaneApp:
    """The Faust app of one group."""
    survive_closed_connections()
    return LaneApp(group=group, cluster=parts.cluster, follower=partial(lane_follower, parts, group, published))


async def run_workers(parts: WorkerParts, names: Sequence[str], *, until: asyncio.Event) -> None:
    """Several groups in this process; the trouble of one is not that of the others."""
    async with _relayed(parts) as published:
        await run_groups([Group(name, partial(worker_app, parts, name, published)) for name in names], until=until)
