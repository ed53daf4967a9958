"""The writers of the append race: what one of several processes does to a log, or to the control's table."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import uvloop

from event_schemas.codec import seal
from event_schemas.deal import DealAmountChanged
from event_schemas.envelope import EMPTY, Origin, StreamHead
from event_schemas.streams import Position, StreamName, TenantId, stream_name
from event_schemas.values import Money
from tests.support.events import some_id
from tests.support.secrets import MASTER
from write_side.adapters.postgres import PostgresEventStore
from write_side.adapters.postgres_append import rows_of
from write_side.adapters.postgres_queries import queries
from write_side.application.ports import VersionConflict

TENANT = TenantId("demo")
EVENTS = tuple(DealAmountChanged(amount=Money(minor, "USD")) for minor in (1, 2, 3))
STREAMS = 2_000
ROLLED_BACK = 0.1
_COLD = 0.1
"""Share of commands that go to any stream, not to one of those that this process mostly writes to."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """What one process is to do."""

    url: str
    number: int
    processes: int
    writers: int
    commands: int


@dataclass(kw_only=True)
class Told:
    """What the writers of one process were told."""

    stored: dict[UUID, Position] = field(default_factory=dict)
    conflicts: list[tuple[StreamName, int, int]] = field(default_factory=list)
    """Stream, expected and actual version of each command that was refused."""
    rolled_back: list[UUID] = field(default_factory=list)


def write_to_log(load: Load) -> Told:
    """Run the writers of one process against the event store."""
    return uvloop.run(_LogWriters(load).run())


def write_to_control(load: Load) -> int:
    """Run them against a table that takes its positions from a sequence; the number of events that were committed."""
    return uvloop.run(_write_to_control(load))


class _LogWriters:
    def __init__(self, load: Load) -> None:
        self._load = load
        self._random = random.Random(load.number)
        self._streams = [stream_name("deal", TENANT, some_id(number)) for number in range(STREAMS)]
        self._own = self._streams[load.number :: load.processes]
        self._heads: dict[StreamName, StreamHead] = {}
        self._left = load.commands
        self._told = Told()

    async def run(self) -> Told:
        self._store = await PostgresEventStore.connect(self._load.url, secret=MASTER)
        try:
            await asyncio.gather(*(self._writer() for _ in range(self._load.writers)))
        finally:
            await self._store.close()
        return self._told

    async def _writer(self) -> None:
        connection = await asyncpg.connect(self._load.url, server_settings={"role": "crm_append"})
        try:
            while self._left > 0:
                self._left -= 1
                await self._command(connection)
        finally:
            await connection.close()

    async def _command(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        stream = self._random.choice(self._streams if self._random.random() < _COLD else self._own)
        if self._random.random() < ROLLED_BACK:
            await self._roll_back(connection, stream)
        while not await self._append(stream):
            tail = await self._store.load(stream, after=self._head(stream).version)
            if tail:
                self._keep(stream, StreamHead(tail[-1].stream_version, tail[-1].hash))

    async def _append(self, stream: StreamName) -> bool:
        origin = _origin()
        try:
            appended = await self._store.append(stream, EVENTS, expected=self._head(stream), origin=origin)
        except VersionConflict as conflict:
            self._told.conflicts.append((stream, conflict.expected, conflict.actual))
            return False
        self._told.stored[origin.command_id] = appended.position
        self._keep(stream, appended.head)
        return True

    async def _roll_back(self, connection: "asyncpg.Connection[asyncpg.Record]", stream: StreamName) -> None:
        """A transaction that appends a good command and ends without a commit."""
        origin, head = _origin(), self._head(stream)
        sealed = seal(EVENTS, stream=stream, head=head, origin=origin, recorded_at=datetime.now(UTC))
        transaction = connection.transaction()
        await transaction.start()
        rows = rows_of(sealed)
        await connection.fetch(queries("append")["append"], rows, False, False)
        await transaction.rollback()
        self._told.rolled_back.append(origin.command_id)

    def _head(self, stream: StreamName) -> StreamHead:
        return self._heads.get(stream, EMPTY)

    def _keep(self, stream: StreamName, head: StreamHead) -> None:
        if head.version > self._head(stream).version:
            self._heads[stream] = head


def _origin() -> Origin:
    command = uuid4()
    return Origin(
        tenant=TENANT,
        actor="ada",
        command_id=command,
        request_digest="",
        correlation_id=command,
        source="test",
        occurred_at=datetime.now(UTC),
    )


INSERT_LATE = """
with stored as (insert into control (number) select n from unnest($1::integer[]) as n returning position)
select count(*), pg_sleep($2) from stored
"""


async def _write_to_control(load: Load) -> int:
    chance, left, committed = random.Random(load.number), load.commands, 0

    async def writer() -> None:
        nonlocal left, committed
        connection = await asyncpg.connect(load.url)
        while left > 0:
            left -= 1
            stored = await _insert(connection, chance)
            committed += stored
        await connection.close()

    await asyncio.gather(*(writer() for _ in range(load.writers)))
    return committed


async def _insert(connection: "asyncpg.Connection[asyncpg.Record]", chance: random.Random) -> int:
    """Three rows in one transaction that is rolled back, committed, or committed a little later than others."""
    rows: Sequence[int] = (1, 2, 3)
    if chance.random() < ROLLED_BACK:
        transaction = connection.transaction()
        await transaction.start()
        await connection.fetch(INSERT_LATE, rows, 0.0)
        await transaction.rollback()
        return 0
    await connection.fetch(INSERT_LATE, rows, 0.005 if chance.random() < 0.05 else 0.0)
    return len(rows)
