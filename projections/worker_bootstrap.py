"""The wiring of the workers behind Kafka."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager
from functools import partial
from typing import Any, NamedTuple

from event_schemas.relayed import Relayed
from event_schemas.topics import lane_of
from projections.bootstrap import cards_runner, postgres_runner, room_for_batches, views_advanced
from projections.catalog import CARDS, POSTGRES, SEARCH
from projections.engines.cluster import Cluster
from projections.engines.faust_app import LaneApp
from projections.engines.faust_groups import Group, run_groups
from projections.engines.lanes import LaneFollower
from projections.engines.relay_watch import RelayWatch
from projections.runner import Runner
from projections.search_bootstrap import search_runner
from projections.sinks.relayed import RelayedTable
from write_side.adapters.ending import ended
from write_side.adapters.event_logs import open_event_log
from write_side.adapters.kafka_connection import survive_closed_connections
from write_side.adapters.keys import DerivedTenantKeys
from write_side.adapters.kurrent_url import is_kurrent_url
from write_side.adapters.postgres_session import open_pool
from write_side.adapters.subject_salts import SubjectSalts


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
        await ended([watching])
        await table.close()


def worker_app(parts: WorkerParts, group: str, published: Published | None = None) -> LaneApp:
    """The Faust app of one group."""
    survive_closed_connections()
    return LaneApp(group=group, cluster=parts.cluster, follower=partial(lane_follower, parts, group, published))


async def run_workers(parts: WorkerParts, names: Sequence[str], *, until: asyncio.Event) -> None:
    """Several groups in this process; the trouble of one is not that of the others."""
    async with _relayed(parts) as published:
        await run_groups([Group(name, partial(worker_app, parts, name, published)) for name in names], until=until)
