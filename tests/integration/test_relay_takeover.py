"""Two relays as processes: one leads, the other takes over, and neither loses or doubles anything."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from event_schemas.envelope import StoredEvent
from tests.support.events import store
from tests.support.histories import everything
from tests.support.relays import LEADS, STANDS_BY, leader_of, relay_processes
from tests.support.topics import differences, own_kafka, reached
from write_side.adapters.kafka import Kafka

pytestmark = pytest.mark.slow

TAKEOVER_SECONDS = 10
CHUNK = 20


@asynccontextmanager
async def appending(url: str, events: Sequence[StoredEvent], every: float = 0.05) -> AsyncIterator[None]:
    """Events are appended all the while, and all of them are there when this is left."""

    async def append() -> None:
        for start in range(0, len(events), CHUNK):
            await store(url, events[start : start + CHUNK])
            await asyncio.sleep(every)  # the rhythm of the load

    work = asyncio.create_task(append())
    try:
        yield
    finally:
        await work


async def settled(kafka: Kafka, events: Sequence[StoredEvent]) -> list[str]:
    """What is wrong once the last event is published."""
    await reached(kafka, events[-1].position)
    return await differences(kafka, events)


async def test_a_standby_takes_over_from_a_killed_leader(
    kafka_url: str, crm_database: str, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """Within 10 s of a SIGKILL in the middle of publishing; every event is there once, in order."""
    kafka = await own_kafka(kafka_url)
    events = everything(Random(5), 2_400)[:2_400]
    with relay_processes(2, tmp_path, crm_database, kafka) as relays:
        leader, standby = leader_of(relays)
        leads = standby.said().count(LEADS)
        async with appending(crm_database, events):
            await reached(kafka, 100)
            leader.send(signal.SIGKILL)
            killed = time.monotonic()
            await asyncio.to_thread(standby.wait_for, LEADS, times=leads + 1)
            took = time.monotonic() - killed
        assert await settled(kafka, events) == []
    figure(f"a standby relay leads {took:.1f} s after the leader's SIGKILL")
    assert took < TAKEOVER_SECONDS


async def test_a_relay_that_wakes_after_another_took_over_publishes_nothing(
    kafka_url: str, crm_database: str, tmp_path: Path
) -> None:
    """It was stopped in the middle of a transaction, and goes on with it when it wakes."""
    kafka = await own_kafka(kafka_url)
    events = everything(Random(6), 20_000)[:20_000]
    with relay_processes(2, tmp_path, crm_database, kafka) as relays:
        leader, standby = leader_of(relays)
        leads, stood = standby.said().count(LEADS), leader.said().count(STANDS_BY)
        await store(crm_database, events)
        await reached(kafka, 1)
        leader.send(signal.SIGSTOP)
        await asyncio.to_thread(standby.wait_for, LEADS, times=leads + 1)
        leader.send(signal.SIGCONT)
        await asyncio.to_thread(leader.wait_for, STANDS_BY, times=stood + 1)
        assert await settled(kafka, events) == []


async def test_signals_end_a_relay_within_five_seconds(kafka_url: str, crm_database: str, tmp_path: Path) -> None:
    """Both kinds, while it publishes, with exit code 0; what was begun is finished or undone."""
    kafka = await own_kafka(kafka_url)
    events = everything(Random(7), 2_400)[:2_400]
    async with appending(crm_database, events, every=0.01):
        for number in (signal.SIGTERM, signal.SIGINT):
            with relay_processes(1, tmp_path, crm_database, kafka) as (relay,):
                code, seconds = await asyncio.to_thread(relay.end, number)
                assert code == 0, relay.said()
                assert seconds < 5
                assert "Traceback" not in relay.said()
    with relay_processes(1, tmp_path, crm_database, kafka):
        assert await settled(kafka, events) == []
