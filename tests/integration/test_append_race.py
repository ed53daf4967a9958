"""Many processes append to one log while somebody follows it; and to a table whose positions come from a sequence."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

import asyncpg
import pytest

from event_schemas.envelope import StoredEvent
from event_schemas.streams import START, Position, StreamName
from tests.integration.append_load import EVENTS, Load, Told, write_to_control, write_to_log
from tests.support.secrets import MASTER
from write_side.adapters.postgres_log import PostgresEventLog

pytestmark = pytest.mark.slow

PROCESSES = 4
WRITERS = 8
COMMANDS = 66_668  # 200,004 events
ALL_EVENTS = COMMANDS * len(EVENTS)
CONTROL = "create table control (position bigint generated always as identity primary key, number integer not null)"

T = TypeVar("T")
Figure = Callable[[str], None]


async def in_processes(work: Callable[[Load], T], url: str) -> list[T]:
    """Run the load, spread over the processes; what each comes back with."""
    loads = [
        Load(url=url, number=number, processes=PROCESSES, writers=WRITERS, commands=COMMANDS // PROCESSES)
        for number in range(PROCESSES)
    ]
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        loop = asyncio.get_running_loop()
        return await asyncio.gather(*(loop.run_in_executor(pool, work, load) for load in loads))


async def read_along(url: str) -> list[StoredEvent]:
    """Follow the log from before its first event until as many are read as will be written."""
    events: list[StoredEvent] = []
    log = await PostgresEventLog.connect(url, secret=MASTER)
    try:
        async for batch in log.follow(after=START):
            events += batch
            if len(events) >= ALL_EVENTS:
                break
    finally:
        await log.close()
    return events


async def test_a_follower_misses_nothing(crm_database: str, figure: Figure) -> None:
    """4 processes, 32 writers, 10 % rollbacks: events are seen once and in order, commands whole, refusals just."""
    started = time.monotonic()
    async with asyncio.timeout(600):
        events, told = await asyncio.gather(read_along(crm_database), in_processes(write_to_log, crm_database))
    seconds = time.monotonic() - started
    assert [event.position for event in events] == list(range(1, ALL_EVENTS + 1))
    check_streams(events)
    check_commands(events, told)
    conflicts = sum(len(each.conflicts) for each in told)
    rolled_back = sum(len(each.rolled_back) for each in told)
    figure(
        f"{len(events)} events in {seconds:.0f} s, {conflicts} conflicts and {rolled_back} rollbacks beside them: "
        "0 missed, 0 torn, 0 wrongly refused"
    )


def check_streams(events: list[StoredEvent]) -> None:
    """In each stream the versions run from 1 without a hole."""
    versions: defaultdict[StreamName, int] = defaultdict(int)
    for event in events:
        versions[event.stream] += 1
        assert event.stream_version == versions[event.stream], event


def check_commands(events: list[StoredEvent], told: list[Told]) -> None:
    """What a writer was told is what the log says."""
    size = len(EVENTS)
    commands = [events[start : start + size] for start in range(0, len(events), size)]
    for command in commands:
        assert len({(event.command_id, event.stream) for event in command}) == 1, "torn"
    stored = {command[0].command_id: command[-1].position for command in commands}
    assert stored == {id: position for each in told for id, position in each.stored.items()}
    assert stored.keys().isdisjoint(id for each in told for id in each.rolled_back)
    last = Counter(event.stream for event in events)
    for stream, expected, actual in (conflict for each in told for conflict in each.conflicts):
        assert expected < actual <= last[stream], "refused although nobody was first"


async def test_a_sequence_loses_events_for_its_readers(database: str, figure: Figure) -> None:
    """The control: under this load a reader that asks for ``position > last`` skips what commits late."""
    connection = await asyncpg.connect(database)
    try:
        await connection.execute(CONTROL)
        writing = asyncio.create_task(in_processes(write_to_control, database))
        seen = await read_control(connection, writing)
        committed = sum(writing.result())
        assert await connection.fetchval("select count(*) from control") == committed
    finally:
        await connection.close()
    figure(f"{committed} events with positions from a sequence: {committed - seen} missed")
    assert seen < committed


async def read_control(connection: "asyncpg.Connection[asyncpg.Record]", writing: "asyncio.Task[list[int]]") -> int:
    """How many rows a reader sees that keeps up with the writers."""
    seen, last = 0, Position(0)
    while True:
        is_over = writing.done()
        rows = await connection.fetch("select position from control where position > $1 order by position", last)
        seen += len(rows)
        if rows:
            last = rows[-1]["position"]
        elif is_over:
            return seen
