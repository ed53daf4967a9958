"""The only wiring of the write side."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from write_side.adapters.keys import DerivedTenantKeys
from write_side.adapters.postgres import PostgresEventStore
from write_side.application.deciders import COMMANDS, INTERNAL, KINDS
from write_side.application.ports import EventStore
from write_side.application.transact import Transactor


def system_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


@asynccontextmanager
async def postgres_store(url: str, *, connections: int = 8) -> AsyncIterator[PostgresEventStore]:
    """The event store on PostgreSQL, drained and closed at the end."""
    store = await PostgresEventStore.connect(url, clock=system_clock, connections=connections)
    try:
        yield store
    finally:
        await store.close()


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
