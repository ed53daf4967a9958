"""The envelope of an event: what a handler appends, what the log stores, what a reader decodes."""

from datetime import datetime
from typing import Annotated, Generic, Literal, TypeVar
from uuid import UUID

import msgspec

from event_schemas.registry import Event
from event_schemas.streams import Position, StreamName, TenantId

E = TypeVar("E", bound=Event, covariant=True)

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""A moment, aware of its time zone."""

NO_HASH = bytes(32)
"""The previous hash of a stream's first event."""


class StreamHead(msgspec.Struct, frozen=True, gc=False):
    """Where a stream ends: its last version (0: no event yet) and the hash of its last event."""

    version: int = 0
    hash: bytes = NO_HASH


EMPTY = StreamHead()


class Metadata(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """Everything about a stored event but its position, its hash and its payload; encoded in this order of fields."""

    layout: Literal[1] = 1
    event_id: UUID
    type: str
    version: int
    tenant: TenantId
    stream: StreamName
    stream_version: int
    occurred_at: Instant
    recorded_at: Instant
    actor: str
    command_id: UUID
    request_digest: str
    """HMAC-SHA256 (hex) under the tenant's key of command type, actor and the fields that the client sent."""
    correlation_id: UUID = msgspec.field(name="$correlationId")
    causation_id: UUID | None = msgspec.field(name="$causationId")
    subject_id: UUID | None
    """Whose personal data the payload holds, if anyone's."""
    source: str
    sealed: tuple[str, ...]
    """Names of the payload's fields that hold ciphertext."""
    prev_hash: str
    """Hash (hex) of the stream's previous event; 64 zeros for its first."""


class Origin(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What all events of one command share."""

    tenant: TenantId
    actor: str
    command_id: UUID
    request_digest: str
    correlation_id: UUID
    causation_id: UUID | None = None
    source: str
    occurred_at: datetime


LOST_KEY = b""
"""Opens nothing: to be told apart from what was erased, since reading on as if it were would be a silent loss."""


class StoredEvent(msgspec.Struct, frozen=True, gc=False):
    """An event as the log keeps it. ``metadata`` and ``data`` are the hashed bytes and never change."""

    position: Position
    """0 until the log has accepted the event."""
    tenant: TenantId
    stream: StreamName
    stream_version: int
    entity_id: UUID
    event_id: UUID
    command_id: UUID
    type: str
    recorded_at: datetime
    metadata: bytes
    data: bytes
    hash: bytes
    subject_id: UUID | None = None
    key: bytes | None = None
    """Opens the sealed fields. Kept beside the log and never part of it: None when it was erased, or none is needed;
    LOST_KEY when it should be there and is not."""


class Recorded(msgspec.Struct, Generic[E], frozen=True):
    """A decoded event with its envelope; ``event`` is of the newest version, whatever version was stored."""

    position: Position
    entity_id: UUID
    hash: bytes
    meta: Metadata
    event: E
