"""The event log that a URL names: PostgreSQL, or EventStoreDB / KurrentDB by their schemes."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from event_schemas.ports import EventLog
from event_schemas.streams import START, Position, TenantId
from write_side.adapters.bulk import BulkEventStore
from write_side.adapters.following import POLL_SECONDS
from write_side.adapters.kurrent_bulk import KurrentBulkStore
from write_side.adapters.kurrent_log import KurrentEventLog
from write_side.adapters.kurrent_url import is_kurrent_url
from write_side.adapters.kurrentdb import KurrentEventStore
from write_side.adapters.postgres import PostgresEventStore
from write_side.adapters.postgres_log import PostgresEventLog
from write_side.application.beginning import BeginningStore
from write_side.application.ports import EventStore


class OpenLog(EventLog, Protocol):
    """A log that somebody opened, and closes."""

    def of_tenant(self, tenant: TenantId) -> EventLog:
        """The same log as one tenant may see it."""
        ...

    def wake(self, head: Position = START) -> None:
        """Somebody in this process knows that the log has grown."""
        ...

    async def close(self) -> None:
        """Give the connections back."""
        ...


class OpenStore(EventStore, OpenLog, Protocol):
    """The same, with appending."""


class OpenBulkStore(OpenStore, BeginningStore, Protocol):
    """The same, for imports."""


async def open_event_log(
    url: str,
    *,
    postgres_url: str | None,
    secret: bytes,
    role: str,
    connections: int,
    poll_seconds: float = POLL_SECONDS,
) -> OpenLog:
    """Read-only, as a database role. PostgreSQL is polled by followers; EventStoreDB / KurrentDB tells them itself.

    ``postgres_url`` is where the keys of people's data are when the log is in EventStoreDB / KurrentDB; None for who
    opens nothing. Raises ClientMissing and InvalidEventStoreUrl; no server need be up yet.
    """
    if is_kurrent_url(url):
        return await KurrentEventLog.connect(
            url, postgres_url=postgres_url, secret=secret, role=role, connections=connections
        )
    return await PostgresEventLog.connect(
        url, secret=secret, role=role, connections=connections, poll_seconds=poll_seconds
    )


async def open_event_store(
    url: str,
    *,
    postgres_url: str,
    secret: bytes,
    connections: int,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    on_append: Callable[[Position], None] | None = None,
) -> OpenStore:
    """The same, with appending. ``on_append`` hears of each new end of a log in PostgreSQL."""
    if is_kurrent_url(url):
        return await KurrentEventStore.connect(
            url, postgres_url=postgres_url, secret=secret, connections=connections, clock=clock
        )
    return await PostgresEventStore.connect(
        url, secret=secret, clock=clock, connections=connections, on_append=on_append
    )


async def open_bulk_store(
    url: str,
    *,
    postgres_url: str,
    secret: bytes,
    connections: int,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    on_append: Callable[[Position], None] | None = None,
) -> OpenBulkStore:
    """The same, for imports."""
    if is_kurrent_url(url):
        return await KurrentBulkStore.connect(
            url, postgres_url=postgres_url, secret=secret, connections=connections, clock=clock
        )
    return await BulkEventStore.connect(url, secret=secret, clock=clock, connections=connections, on_append=on_append)
