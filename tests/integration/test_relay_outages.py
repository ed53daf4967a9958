"""The relay while Kafka or the event store is down: it waits, ends when told to, and catches up."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

import write_side.adapters.migrations
from replay_tools.embedded.folder import DataFolder
from replay_tools.embedded.postgres import start_postgres
from tests.support.broker import Broker, broker
from tests.support.events import store
from tests.support.histories import everything
from tests.support.network import free_port
from tests.support.relays import LEADS, relay_processes
from tests.support.topics import differences, own_kafka, reached

pytestmark = pytest.mark.slow

WAITS = "the relay waits"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Broker]:
    """A broker that only this test has."""
    with broker(tmp_path / "kafka") as running:
        yield running


async def test_kafka_down_is_waited_for(own: Broker, crm_database: str, tmp_path: Path) -> None:
    """Killed in the middle of publishing, away while events are appended, back: every event is there once."""
    kafka = await own_kafka(own.url)
    events = everything(Random(21), 6_000)[:6_000]
    await store(crm_database, events[:4_000])
    with relay_processes(1, tmp_path, crm_database, kafka) as (relay,):
        await reached(kafka, 1)
        own.kill()
        for start in range(4_000, 6_000, 500):
            await store(crm_database, events[start : start + 500])
            await asyncio.sleep(1)  # the outage is to last
        own.start()
        await reached(kafka, 6_000, seconds=90)
        assert "Traceback" not in relay.said()
    assert await differences(kafka, events) == []


async def test_a_relay_ends_while_kafka_is_down(own: Broker, crm_database: str, tmp_path: Path) -> None:
    """Within five seconds, whether it has lost the broker just now or has been waiting; nothing is lost by it."""
    kafka = await own_kafka(own.url)
    events = everything(Random(22), 3_000)[:3_000]
    await store(crm_database, events[:2_000])
    with relay_processes(1, tmp_path, crm_database, kafka) as (relay,):
        own.kill()
        await store(crm_database, events[2_000:])
        await asyncio.sleep(1)  # into its attempts
        code, seconds = await asyncio.to_thread(relay.end, signal.SIGTERM)
        assert (code, seconds < 5) == (0, True), relay.said()
        assert "Traceback" not in relay.said()
    own.start()
    with relay_processes(1, tmp_path, crm_database, kafka):
        await reached(kafka, 3_000)
    assert await differences(kafka, events) == []


async def test_an_event_store_that_is_down_is_waited_for(kafka_url: str, tmp_path: Path) -> None:
    """The lead is kept meanwhile."""
    kafka = await own_kafka(kafka_url)
    events = everything(Random(23), 2_000)[:2_000]
    port = free_port()
    with DataFolder(tmp_path / "data") as folder, start_postgres(folder, port=port) as postgres:
        url = postgres.url
        await write_side.adapters.migrations.upgrade(url)
        await store(url, events[:1_000])
        with relay_processes(1, tmp_path, url, kafka) as (relay,):
            await reached(kafka, 1_000)
            postgres.stop()
            await asyncio.to_thread(relay.wait_for, WAITS)
            with start_postgres(folder, port=port):
                await store(url, events[1_000:])
                await reached(kafka, 2_000)
            assert relay.said().count(LEADS) == 1
    assert await differences(kafka, events) == []
