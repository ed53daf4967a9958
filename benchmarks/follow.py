"""Following the store into the Postgres views, beside a loop written by hand that upserts the same rows in batches."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from random import Random
from typing import Final

import asyncpg
import uvloop

import projections.migrations
import write_side.adapters.migrations
from benchmarks.compare import Goal, compare
from benchmarks.follow_by_hand import Loop
from benchmarks.scratch import scratch
from event_schemas.streams import Position
from projections.bootstrap import room_for_batches
from projections.catalog import ViewGroup
from projections.changes import Change
from projections.engines.store import BATCH, Follower
from projections.runner import Runner
from projections.sinks.connection import Connection, connected
from projections.sinks.documents import StoredDocuments
from projections.sinks.postgres import postgres_sink
from projections.sinks.progress import Progress
from projections.views import deal_board, deal_stage_history, entity_states, entity_timeline
from replay_tools.embedded.postgres import start_postgres
from tests.support.events import store
from tests.support.histories import deal_moves, deals
from tests.support.secrets import MASTER
from write_side.adapters.postgres_log import PostgresEventLog

NAME = "follow"
DEALS: Final = 5_000
GROUP: Final[ViewGroup[Change]] = ViewGroup("postgres", deal_board, deal_stage_history, entity_states, entity_timeline)
"""Without those whose rows take more than a hand-written loop: search, feeds."""

Run = Callable[[], Awaitable[None]]


@asynccontextmanager
async def runner(url: str) -> AsyncIterator[Runner[Change]]:
    """An owner of these views."""
    async with connected(url) as connection:
        sink = await postgres_sink(connection, GROUP.tables, StoredDocuments(group=GROUP.name, connection=connection))
        yield Runner(group=GROUP, progress=Progress(group=GROUP.name, connection=connection), sink=sink)


async def follow(log: PostgresEventLog, url: str, head: Position) -> None:
    """The platform's own way, from a new connection to the last event."""
    there = asyncio.Event()

    def advanced(position: Position) -> None:
        if position == head:
            there.set()

    follower = Follower(group="postgres", log=log, runner=partial(runner, url), advanced=advanced)
    task = asyncio.create_task(follower.run())
    await there.wait()
    task.cancel()
    await asyncio.wait([task])


async def by_hand(log: PostgresEventLog, url: str) -> None:
    """The baseline, with a new connection too, of the same settings."""
    async with connected(url) as connection:
        await Loop(log, connection, batch=BATCH).run()


async def rate(admin: Connection, events: int, run: Run) -> float:
    """Events a second of a run that begins with empty views."""
    await admin.execute(f"truncate {', '.join(GROUP.tables)}, documents, watermarks, dead_letters")
    await admin.execute("insert into watermarks values ('by hand', 'log', 0, 0)")
    await admin.execute("checkpoint")
    begun = time.perf_counter()
    await run()
    return events / (time.perf_counter() - begun)


async def rows(admin: Connection) -> list[int]:
    """A fingerprint of each table."""
    return [await admin.fetchval(f"select sum(hashtextextended(t::text, 0)) from {view} t") for view in GROUP.tables]


async def measure(url: str) -> None:
    """First that both write the same rows, then how fast."""
    await write_side.adapters.migrations.upgrade(url)
    await projections.migrations.upgrade(url)
    events = deals(Random(1), DEALS, happens=deal_moves)
    await store(url, events)
    log = await PostgresEventLog.connect(url, secret=MASTER)
    admin: Connection = await asyncpg.connect(url)
    loop = partial(rate, admin, len(events), partial(by_hand, log, url))
    ours = partial(rate, admin, len(events), partial(follow, log, url, events[-1].position))
    await loop()
    written = await rows(admin)
    await ours()
    assert await rows(admin) == written, "the two do not write the same rows"
    await compare(
        f"follow, {len(events)} events into the Postgres views in batches of {BATCH}, to a loop written by hand",
        candidate=ours,
        baseline=loop,
        goal=Goal(at_least=0.6),
        unit=" events/s",
    )
    await admin.close()
    await log.close()


def main() -> None:
    """Measure and print, on a server of its own."""
    with scratch() as data, start_postgres(data) as postgres, room_for_batches():
        uvloop.run(measure(postgres.url))
