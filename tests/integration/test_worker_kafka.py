"""A view group behind a real broker, in this process: transactions, holes, what is down meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import pytest
import uvloop
from aiokafka import AIOKafkaConsumer
from aiokafka.conn import create_conn
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from event_schemas.streams import Position
from event_schemas.topics import LOG, Lane, lane_of
from projections.engines import faust_consumer
from projections.engines.cluster import Cluster
from projections.engines.faust_groups import Group, run_groups
from projections.worker_bootstrap import WorkerParts, worker_app
from tests.support.broker import broker
from tests.support.events import store
from tests.support.histories import everything
from tests.support.network import free_port
from tests.support.publishing import publisher
from tests.support.secrets import MASTER
from tests.support.topics import own_kafka
from tests.support.worker_views import by_one_pass, views
from write_side.adapters.kafka import Kafka
from write_side.adapters.kafka_connection import survive_closed_connections
from write_side.adapters.kafka_topics import apply_topics

pytestmark = pytest.mark.slow

EVENTS = everything(Random(31), 600)
HEAD = EVENTS[-1].position
POSITION = "select view_position('postgres')"


@asynccontextmanager
async def running(kafka: Kafka, url: str, *names: str, redis_url: str = "") -> AsyncIterator[list[Group]]:
    """View groups in this process, until left."""
    parts = WorkerParts(
        cluster=Cluster.at(kafka.servers, prefix=kafka.prefix),
        event_store_url=url,
        postgres_url=url,
        redis_url=redis_url or f"redis://127.0.0.1:{free_port()}",
        elasticsearch_url=None,
        master_secret=MASTER,
    )
    groups = [Group(name, partial(worker_app, parts, name)) for name in names]
    ended = asyncio.Event()
    task = asyncio.create_task(run_groups(groups, until=ended))
    try:
        yield groups
    finally:
        ended.set()
        await task


async def until(holds: Callable[[], bool], *, seconds: float = 60) -> None:
    """Come back when it holds."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110  # a status is only to be looked at
            await asyncio.sleep(0.02)


def at(group: Group, position: int) -> Callable[[], bool]:
    """Whether the group has everything up to there."""
    return lambda: group.status.position >= position and group.status.waits_for is None


async def test_holes_and_aborted_transactions(postgres_url: str, crm_database: str, kafka_url: str) -> None:
    """Offsets have holes, records were aborted, the ends of lanes are missing: only those are read in the log."""
    await store(crm_database, EVENTS)
    kafka = await own_kafka(kafka_url)
    last = {lane_of(event.stream): event.position for event in EVENTS}
    missing = {*last.values()}
    async with publisher(kafka) as topics, running(kafka, crm_database, "postgres") as (group,):
        await until(lambda: group.status.lanes == 60)
        for start in range(0, len(EVENTS), 100):
            await topics.abort(EVENTS[start : start + 50])
            await topics.publish(EVENTS[start : start + 100], without=missing)
        await topics.abort(EVENTS[-50:])
        await topics.checkpoint(HEAD)
        await until(at(group, HEAD))
        assert group.status.healed == len(missing)
        assert group.status.duplicates == 0
    assert await views(crm_database) == await by_one_pass(postgres_url, EVENTS)


async def test_a_broker_that_dies_is_waited_for(postgres_url: str, crm_database: str, tmp_path: Path) -> None:
    """Killed and started again while a worker follows it: the worker goes on by itself."""
    await store(crm_database, EVENTS)
    with broker(tmp_path) as server:
        kafka = Kafka(server.url)
        await apply_topics(kafka)
        async with running(kafka, crm_database, "postgres") as (group,):
            async with publisher(kafka) as topics:
                await topics.publish(EVENTS[:300])
                await topics.checkpoint(Position(300))
                await until(at(group, 300))
                await asyncio.to_thread(server.kill)
            server.start()
            async with publisher(kafka) as topics:
                topics._last = {lane_of(event.stream): event.position for event in EVENTS[:300]}
                await topics.publish(EVENTS[300:])
                await topics.checkpoint(HEAD)
                await until(at(group, HEAD))
            assert group.status.parked == 0
    assert await views(crm_database) == await by_one_pass(postgres_url, EVENTS)


async def test_a_client_that_hangs_is_made_anew(
    postgres_url: str,
    crm_database: str,
    kafka_url: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever keeps Kafka's client from answering: the group does not wait for it for ever."""
    await store(crm_database, EVENTS)
    kafka = await own_kafka(kafka_url)
    hung: list[AIOKafkaConsumer] = []
    answer = AIOKafkaConsumer.beginning_offsets

    async def hang_once(self: AIOKafkaConsumer, partitions: Any) -> Any:
        if self._group_id is not None and not hung:
            hung.append(self)
            await asyncio.Event().wait()
        return await answer(self, partitions)

    monkeypatch.setattr(AIOKafkaConsumer, "beginning_offsets", hang_once)
    monkeypatch.setattr(faust_consumer, "ANSWER_S", 0.5)
    async with publisher(kafka) as topics, running(kafka, crm_database, "postgres") as (group,):
        await topics.publish(EVENTS)
        await topics.checkpoint(HEAD)
        await until(at(group, HEAD))
    assert len(hung) == 1
    assert "begins again after SourceLost: Kafka's client has not answered" in caplog.text
    assert await views(crm_database) == await by_one_pass(postgres_url, EVENTS)


def test_a_connection_that_closes_unnoticed_is_an_outage(kafka_url: str) -> None:
    """The loop says so by another error than aiokafka knows: unknown, it would end what keeps the client going."""
    survive_closed_connections()

    async def closed() -> None:
        host, _, port = kafka_url.rpartition(":")
        connection = await create_conn(host, int(port))
        connection._read_task.cancel()  # which would notice
        connection._writer.transport.abort()
        await asyncio.sleep(0.05)  # the loop's own turns, of which nothing tells
        with pytest.raises(KafkaConnectionError, match="closed"):
            await connection.send(MetadataRequest([]))
        assert not connection.connected()

    uvloop.run(closed())


async def test_the_trouble_of_one_group_is_not_that_of_another(
    postgres_url: str, crm_database: str, kafka_url: str
) -> None:
    """Redis is away: the cards say so and park nothing, the rows are written; both let go of their lanes when asked."""
    await store(crm_database, EVENTS)
    kafka = await own_kafka(kafka_url)
    async with publisher(kafka) as topics, running(kafka, crm_database, "postgres", "cards") as (postgres, cards):
        await topics.publish(EVENTS)
        await topics.checkpoint(HEAD)
        await until(at(postgres, HEAD))
        assert cards.status.waits_for is not None
        assert cards.status.waits_for.startswith("Redis:")
        assert cards.status.parked == 0
        async with running(kafka, crm_database, "postgres", "cards") as (other, _):
            await until(lambda: (postgres.status.lanes, other.status.lanes) == (30, 30))
        await until(lambda: postgres.status.lanes == 60)
    assert await views(crm_database) == await by_one_pass(postgres_url, EVENTS)


async def test_what_the_relay_says_is_written_down(crm_database: str, kafka_url: str) -> None:
    """Readers find the last checkpoint in the table, whole; one that comes late does not take it back."""
    await store(crm_database, EVENTS)
    kafka = await own_kafka(kafka_url)
    async with publisher(kafka) as topics, running(kafka, crm_database, "postgres") as (group,):
        await topics.publish(EVENTS)
        await topics.checkpoint(HEAD)
        await until(at(group, HEAD))
        await topics.checkpoint(Position(7), {})
        connection = await asyncpg.connect(crm_database)
        async with asyncio.timeout(20):
            while await connection.fetchval(POSITION) != HEAD:  # noqa: ASYNC110  # nobody tells what others write
                await asyncio.sleep(0.02)  # the table is written beside the views
        rows = await connection.fetch("select topic, partition, position from relayed")
        await connection.close()
    last = {lane_of(event.stream): event.position for event in EVENTS}
    assert {Lane(row[0], row[1]): row[2] for row in rows} == {LOG: HEAD, **last}
