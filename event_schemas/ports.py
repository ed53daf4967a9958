"""The port that every reader of the log uses."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol
from uuid import UUID

import msgspec

from event_schemas.envelope import StoredEvent
from event_schemas.streams import Position, StreamName, TenantId


class EventFilter(msgspec.Struct, frozen=True):
    """Which events a reader wants; None means any."""

    tenant: TenantId | None = None
    types: frozenset[str] | None = None


ANY = EventFilter()


class EventLogUnavailable(ConnectionError):
    """The store cannot be reached now; the same call may succeed later."""


class EventLog(Protocol):
    """The log, read-only. Events come undecoded, so that one unreadable event does not stop a reader of the others.

    Every method raises EventLogUnavailable while the store cannot be reached.
    """

    async def load(self, stream: StreamName, *, after: int = 0, until: int | None = None) -> Sequence[StoredEvent]:
        """Events of one stream with after < version <= until, in order; () for a stream that does not exist."""
        ...

    async def load_many(self, streams: Mapping[StreamName, int]) -> Mapping[StreamName, Sequence[StoredEvent]]:
        """Events of several streams, each after the version given with it; every asked stream is in the answer."""
        ...

    async def read_all(
        self, *, after: Position, limit: int, where: EventFilter = ANY, until: Position | None = None
    ) -> Sequence[StoredEvent]:
        """At most limit events with after < position <= until, in the order of positions, none skipped."""
        ...

    async def read_entity(
        self, tenant: TenantId, entity: UUID, *, after: Position, limit: int
    ) -> Sequence[StoredEvent]:
        """Events that name one entity, of whatever stream, in the order of positions."""
        ...

    def follow(self, *, after: Position, where: EventFilter = ANY) -> AsyncIterator[Sequence[StoredEvent]]:
        """Batches of events after a position, then what is appended later, for ever; each batch has at least one."""
        ...

    async def head(self) -> Position:
        """The position of the last event; 0 when the log is empty."""
        ...
