"""The only wiring of the write side."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Protocol

from event_schemas.ports import EventLog
from event_schemas.streams import Position
from write_side.adapters.checkpoints import PostgresCheckpoints
from write_side.adapters.ending import ended
from write_side.adapters.event_logs import OpenBulkStore, OpenStore, open_bulk_store, open_event_log, open_event_store
from write_side.adapters.kafka import kafka_at
from write_side.adapters.kafka_transport import KafkaTransport
from write_side.adapters.keys import MASTER_BYTES, DerivedTenantKeys
from write_side.adapters.postgres import PostgresEventStore
from write_side.adapters.telling import appends_told
from write_side.application.beginning import Beginnings
from write_side.application.deciders import COMMANDS, INTERNAL, KINDS
from write_side.application.folding import FoldCache
from write_side.application.ports import EventStore
from write_side.application.process_managers import conversion, merging
from write_side.application.process_managers.acting import Acting, Transact
from write_side.application.process_managers.conversion import Conversion
from write_side.application.process_managers.failures import Failures
from write_side.application.process_managers.merging import Merging
from write_side.application.process_managers.ports import Checkpoints, Links
from write_side.application.process_managers.runner import IDLE_SECONDS, Process, ProcessRunner, ProcessStatus
from write_side.application.relay import Relay, RelayStatus
from write_side.application.transact import Transactor
from write_side.domain import account_hierarchy

NO_SECRET = bytes(MASTER_BYTES)
"""Of who reads the log and opens nothing that is sealed."""


def system_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


@asynccontextmanager
async def event_store(
    url: str, *, postgres_url: str, master_secret: bytes, connections: int = 8, redis_url: str | None = None
) -> AsyncIterator[OpenStore]:
    """The event store that the URL's scheme names, drained and closed at the end.

    ``postgres_url`` is where the keys of people's data are beside EventStoreDB / KurrentDB. Other processes hear of
    what is appended over Redis, or from that server itself.
    """
    async with appends_told(redis_url) as on_append:
        store = await open_event_store(
            url,
            postgres_url=postgres_url,
            secret=master_secret,
            connections=connections,
            clock=system_clock,
            on_append=on_append,
        )
        try:
            yield store
        finally:
            await store.close()


@asynccontextmanager
async def postgres_store(
    url: str, *, master_secret: bytes, connections: int = 8, redis_url: str | None = None
) -> AsyncIterator[PostgresEventStore]:
    """The event store on PostgreSQL, drained and closed at the end; other processes hear of its appends over Redis."""
    async with appends_told(redis_url) as on_append:
        store = await PostgresEventStore.connect(
            url, secret=master_secret, clock=system_clock, connections=connections, on_append=on_append
        )
        try:
            yield store
        finally:
            await store.close()


@asynccontextmanager
async def bulk_store(
    url: str,
    *,
    master_secret: bytes,
    postgres_url: str | None = None,
    connections: int = 4,
    redis_url: str | None = None,
) -> AsyncIterator[OpenBulkStore]:
    """The same as ``event_store``, for imports; ``postgres_url`` is the event store's where it is not given."""
    async with appends_told(redis_url) as on_append:
        store = await open_bulk_store(
            url,
            postgres_url=postgres_url or url,
            secret=master_secret,
            connections=connections,
            clock=system_clock,
            on_append=on_append,
        )
        try:
            yield store
        finally:
            await store.close()


@asynccontextmanager
async def event_log(url: str, *, master_secret: bytes = NO_SECRET) -> AsyncIterator[EventLog]:
    """The log alone, for a reader of every tenant's events; without the secret, one who opens nothing."""
    log = await open_event_log(url, postgres_url=None, secret=master_secret, role="crm_worker", connections=4)
    try:
        yield log
    finally:
        await log.close()


@asynccontextmanager
async def relay(
    *,
    event_store_url: str,
    kafka_url: str,
    kafka_prefix: str = "",
    told: Callable[[RelayStatus], None] = lambda _: None,
) -> AsyncIterator[Relay]:
    """What brings the log to Kafka, not yet running. It hands on what is sealed as it is: it has no secret."""
    async with event_log(event_store_url) as log:
        transport = KafkaTransport(kafka_at(kafka_url, prefix=kafka_prefix))
        yield Relay(log=log, transport=transport, told=told)


def beginnings(*, store: OpenBulkStore, master_secret: bytes, cache_size: int = 4_000) -> Beginnings:
    """What decides upon many new streams at once."""
    return Beginnings(
        store=store,
        cache=FoldCache(store, size=cache_size),
        deciders=COMMANDS,
        kinds=KINDS,
        keys=DerivedTenantKeys(master_secret),
        clock=system_clock,
    )


def transactor(
    *, store: EventStore, master_secret: bytes, clock: Callable[[], datetime] = system_clock, cache_size: int = 20_000
) -> Transactor:
    """Everything that decides commands against a store."""
    return Transactor(
        store=store,
        deciders=COMMANDS | INTERNAL,
        kinds=KINDS,
        keys=DerivedTenantKeys(master_secret),
        clock=clock,
        cache_size=cache_size,
    )


class Remembered(Checkpoints, Links, Protocol):
    """What process managers keep."""


class ProcessManagers:
    """The processes that act on what the log says."""

    def __init__(self, runners: Sequence[ProcessRunner]) -> None:
        self._runners = runners

    @property
    def status(self) -> tuple[ProcessStatus, ...]:
        """How each process is doing now."""
        return tuple(runner.status for runner in self._runners)

    @property
    def failures(self) -> Mapping[str, Failures]:
        """What each process could not do since it was started, where no event says so."""
        return {runner.status.process: runner.failures for runner in self._runners}

    async def settled(self, position: Position) -> None:
        """Wait until the effects of all events up to a position are done."""
        for runner in self._runners:
            await runner.settled(position)

    async def run(self) -> None:
        """All of them, until cancelled."""
        async with asyncio.TaskGroup() as together:
            for runner in self._runners:
                together.create_task(runner.run(), name=f"process {runner.status.process}")


@asynccontextmanager
async def process_managers(url: str, *, store: EventStore, transact: Transact) -> AsyncIterator[ProcessManagers]:
    """All processes, following the log while the context is open; their checkpoints are in the log's database."""
    checkpoints = await PostgresCheckpoints.connect(url)
    try:
        managers = processes(store=store, transact=transact, remembered=checkpoints)
        running = asyncio.create_task(managers.run(), name="process managers")
        try:
            yield managers
        finally:
            await ended([running])
    finally:
        await checkpoints.close()


def processes(
    *, store: EventStore, transact: Transact, remembered: Remembered, idle_seconds: float = IDLE_SECONDS
) -> ProcessManagers:
    """The same, not yet running, over other memories than PostgreSQL's too."""
    kinds = KINDS | {account_hierarchy.CATEGORY: account_hierarchy.DECIDER}

    def acting(process: str) -> Acting:
        return Acting(process, transact=transact, log=store, kinds=kinds)

    converting = Conversion(acting=acting(conversion.NAME), checkpoints=remembered)
    combining = Merging(acting=acting(merging.NAME), checkpoints=remembered, links=remembered)
    acting_now: tuple[Process, ...] = (converting, combining)
    return ProcessManagers(
        [ProcessRunner(process=process, log=store, idle_seconds=idle_seconds) for process in acting_now]
    )
