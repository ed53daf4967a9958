"""Ports of the write side."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol
from uuid import UUID

import msgspec

from event_schemas.envelope import Origin, StreamHead
from event_schemas.ports import EventLog, EventLogUnavailable
from event_schemas.registry import Event
from event_schemas.streams import Position, StreamName, TenantId
from write_side.domain.errors import Rejected


class VersionConflict(Exception):
    """Somebody else appended first; nothing of this append was stored. Load again, decide again."""

    def __init__(self, stream: StreamName, *, expected: int, actual: int) -> None:
        super().__init__(f"{stream}: expected version {expected}, found {actual}")
        self.stream, self.expected, self.actual = stream, expected, actual


class EventStoreUnavailable(EventLogUnavailable):
    """The store cannot be reached, and it is unknown whether the append was stored: a retry with the same key tells."""


class SubjectErased(Rejected):
    """Somebody's personal data was erased, and with it the key: nothing more about this person is stored."""

    def __init__(self, subject: UUID) -> None:
        super().__init__(f"the personal data of {subject} was erased; nothing more about this person can be stored")
        self.subject = subject


class Appended(msgspec.Struct, frozen=True):
    """What an append left behind: the stream's new head and the position of its last event."""

    head: StreamHead
    position: Position


class EventStore(EventLog, Protocol):
    """The log, with appending."""

    async def append(
        self, stream: StreamName, events: Sequence[Event], *, expected: StreamHead, origin: Origin
    ) -> Appended:
        """Store all events after the expected head, or none.

        Raises VersionConflict when the stream's version is not ``expected.version`` or an event id is already stored,
        SubjectErased when they hold personal data of somebody who was erased, and EventStoreUnavailable. Event ids
        follow from command, stream and index, so a repeat never stores twice.
        """
        ...


class TenantKeys(Protocol):
    """Secret keys, one per tenant."""

    def digest_key(self, tenant: TenantId) -> bytes:
        """The 32-byte key under which the tenant's request digests are taken."""
        ...

    def email_key(self, tenant: TenantId) -> bytes:
        """The 32-byte key of the HMACs that name the streams of the tenant's e-mail addresses."""
        ...

    def sealing_key(self, tenant: TenantId) -> bytes:
        """The 32-byte key that the keys of the tenant's data subjects derive from."""
        ...


class SubjectKeys(Protocol):
    """The keys under which people's personal data is sealed, kept beside the log."""

    async def keys(self, tenant: TenantId, subjects: Collection[UUID]) -> Mapping[UUID, bytes]:
        """A 32-byte key for each, made when it is first asked for.

        Raises SubjectErased when one was thrown away, and EventStoreUnavailable.
        """
        ...
