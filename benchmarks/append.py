"""Appending with all that belongs to it (sealing, versions, event ids, answers), beside inserts that check nothing.

The unchecked table has the log's columns and indexes; its positions come from a sequence, and its rows are sealed and
put into batches beforehand. fsync and synchronous_commit are on, as they are in every new data folder.
"""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import uvloop

import write_side.adapters.migrations
from benchmarks.compare import Goal, compare
from benchmarks.scratch import scratch
from event_schemas.codec import seal
from event_schemas.deal import DealLost, LossReason
from event_schemas.envelope import EMPTY, Origin, StoredEvent
from event_schemas.streams import StreamName, TenantId, stream_name
from replay_tools.embedded.postgres import start_postgres
from tests.support.secrets import MASTER
from write_side.adapters.postgres import PostgresEventStore

NAME = "append"
TENANT = TenantId("bench")
EVENT = DealLost(stage_id=UUID(int=1), reason=LossReason.OTHER, detail="x" * 344)
"""423 bytes when encoded."""
UNCHECKED = (
    "create table unchecked (like log_events including defaults including indexes);"
    "create sequence unchecked_position;"
    "alter table unchecked alter position set default nextval('unchecked_position')"
)
COLUMNS = ", ".join(StoredEvent.__struct_fields__[1:-1])
TYPES = ("text", "text", "integer", "uuid", "uuid", "uuid", "text", "timestamptz", "bytea", "bytea", "bytea", "uuid")
ARRAYS = ", ".join(f"${number}::{type}[]" for number, type in enumerate(TYPES, 1))
VALUES = ", ".join(f"${number}" for number in range(1, len(TYPES) + 1))
INSERT_MANY = f"insert into unchecked ({COLUMNS}) select * from unnest({ARRAYS})"
INSERT_ONE = f"insert into unchecked ({COLUMNS}) values ({VALUES})"

Command = tuple[StreamName, Origin]
Row = tuple[Any, ...]


def commands(count: int) -> list[Command]:
    """As many commands, each on a stream of its own."""
    return [(stream_name("deal", TENANT, uuid4()), _origin(uuid4())) for _ in range(count)]


def _origin(command: UUID) -> Origin:
    return Origin(
        tenant=TENANT,
        actor=str(uuid4()),
        command_id=command,
        request_digest="0" * 64,
        correlation_id=command,
        source="bench",
        occurred_at=datetime.now(UTC),
    )


def rows(count: int) -> list[Row]:
    """What the log would store for as many commands, without positions."""
    now = datetime.now(UTC)
    events = (
        seal((EVENT,), stream=stream, head=EMPTY, origin=origin, recorded_at=now)[0]
        for stream, origin in commands(count)
    )
    return [msgspec.structs.astuple(event)[1:-1] for event in events]


async def timed(count: int, work: Sequence[Coroutine[None, None, None]]) -> float:
    """So many appends in a second. What was prepared is no garbage, and not the collector's to go through."""
    gc.collect()
    gc.freeze()
    started = time.perf_counter()
    await asyncio.gather(*work)
    seconds = time.perf_counter() - started
    gc.unfreeze()
    return count / seconds


async def checked(store: PostgresEventStore, waiting: int, count: int) -> float:
    """So many callers that each append, wait for the answer, and append again."""
    left = iter(commands(count))

    async def caller() -> None:
        for stream, origin in left:
            await store.append(stream, (EVENT,), expected=EMPTY, origin=origin)

    return await timed(count, [caller() for _ in range(waiting)])


async def in_batches(pool: "asyncpg.Pool[asyncpg.Record]", size: int, count: int) -> float:
    """One connection, one `unnest` insert a batch."""
    prepared = rows(count)
    batches = [list(zip(*prepared[at : at + size], strict=True)) for at in range(0, count, size)]

    async def insert() -> None:
        async with pool.acquire() as connection:
            statement = await connection.prepare(INSERT_MANY)
            for batch in batches:
                await statement.fetch(*batch)

    return await timed(count, [insert()])


async def one_by_one(pool: "asyncpg.Pool[asyncpg.Record]", connections: int, count: int) -> float:
    """Many connections, each commits one row at a time."""
    left = iter(rows(count))

    async def insert() -> None:
        async with pool.acquire() as connection:
            statement = await connection.prepare(INSERT_ONE)
            for row in left:
                await statement.fetch(*row)

    return await timed(count, [insert() for _ in range(connections)])


Comparing = Callable[[PostgresEventStore, "asyncpg.Pool[asyncpg.Record]"], Awaitable[object]]


async def to_batches(
    size: int, count: int, goal: float, store: PostgresEventStore, pool: "asyncpg.Pool[asyncpg.Record]"
) -> None:
    """As many waiting as the baseline puts into a batch."""
    await compare(
        f"append, {size} waiting, to unchecked batches of {size}",
        candidate=partial(checked, store, size, count),
        baseline=partial(in_batches, pool, size, count),
        goal=Goal(at_least=goal),
    )


async def to_one_by_one(store: PostgresEventStore, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    """As many waiting as the baseline has connections."""
    await compare(
        "append, 32 waiting, to one INSERT a commit over 32 connections",
        candidate=partial(checked, store, 32, 6_400),
        baseline=partial(one_by_one, pool, 32, 3_200),
        goal=Goal(at_least=2.0),
    )


async def measure(url: str, comparing: Comparing) -> None:
    """One comparison, in an empty database."""
    await write_side.adapters.migrations.upgrade(url)
    store = await PostgresEventStore.connect(url, secret=MASTER)
    async with asyncpg.create_pool(url, min_size=32, max_size=32) as pool:
        await pool.execute(UNCHECKED)
        await comparing(store, pool)
    await store.close()


def main() -> None:
    """Measure and print, each on a server of its own, which this thread must start: none has another's to clean up."""
    for comparing in (partial(to_batches, 32, 6_400, 0.6), partial(to_batches, 512, 12_800, 0.5), to_one_by_one):
        with scratch() as data, start_postgres(data) as postgres:
            uvloop.run(measure(postgres.url, comparing))
