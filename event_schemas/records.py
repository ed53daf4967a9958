"""An event as a record of a topic: the envelope that others read, which holds ours byte for byte. Pure.

The value is JSON: eventId, eventType, tenantId, timestamp, source, version "1.0" (of this envelope) and data: entityId,
entityType, changes (the event's payload), metadata (the rest of ours) and hash. Headers say the same as CloudEvents do
in their binary form, and where the event and its predecessor in the partition stand in the log.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from event_schemas.codec import UndecodableEvent, decode_metadata
from event_schemas.envelope import Metadata, StoredEvent
from event_schemas.streams import Position, StreamName, TenantId

Headers = list[tuple[str, bytes]]

POSITION: Final = "position"
PREV_POSITION: Final = "prev_position"


class UnreadableRecord(ValueError):
    """A record does not hold an event's bytes. The log does: whoever knows its position reads it there."""


class ForeignRecord(ValueError):
    """A record was not written by the relay: it does not say where it stands in the log."""


class _Data(msgspec.Struct, frozen=True, rename="camel"):
    entity_id: UUID
    entity_type: str
    changes: msgspec.Raw
    metadata: msgspec.Raw
    hash: str


class _Value(msgspec.Struct, frozen=True, rename="camel"):
    event_id: UUID
    event_type: str
    tenant_id: str
    timestamp: datetime
    source: str
    data: _Data
    version: Literal["1.0"] = "1.0"


_NULL: Final = msgspec.Raw(b"null")
_UNKNOWN: Final = "unknown"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Value).decode
_metadata = msgspec.json.Decoder(Metadata).decode
_any = msgspec.json.Decoder(msgspec.Raw).decode


def value_of(stored: StoredEvent) -> bytes:
    """The record's value. Bytes that are no JSON are left out (null): they are in the log."""
    try:
        meta = decode_metadata(stored)
        _any(stored.data)
        timestamp, source = meta.occurred_at, meta.source
        changes, metadata = msgspec.Raw(stored.data), msgspec.Raw(stored.metadata)
    except (UndecodableEvent, ValueError, RecursionError):
        timestamp, source, changes, metadata = stored.recorded_at, _UNKNOWN, _NULL, _NULL
    category = stored.stream.partition("-")[0]
    data = _Data(stored.entity_id, category, changes, metadata, stored.hash.hex())
    return _encode(_Value(stored.event_id, stored.type, stored.tenant, timestamp, source, data))


def headers_of(stored: StoredEvent, *, previous: Position) -> Headers:
    """``previous``: position of the event before it in the same topic and partition; 0 for the first.

    A trace is all that one cause brought about: its id is the correlation id, and the event is a span in it.
    """
    try:
        meta = decode_metadata(stored)
        occurred, trace = meta.occurred_at, meta.correlation_id
    except UndecodableEvent:
        occurred, trace = stored.recorded_at, stored.command_id
    said = {
        "ce_specversion": "1.0",
        "ce_id": str(stored.event_id),
        "ce_source": f"/eventcrm/{stored.tenant}",
        "ce_type": stored.type,
        "ce_time": occurred.isoformat().replace("+00:00", "Z"),
        "ce_subject": stored.stream,
        "content-type": "application/json",
        "traceparent": f"00-{trace.hex}-{stored.event_id.hex[:16]}-01",
        POSITION: str(stored.position),
        PREV_POSITION: str(previous),
    }
    return [(name, value.encode()) for name, value in said.items()]


def places_of(headers: Iterable[tuple[str, bytes]]) -> tuple[Position, Position]:
    """The record's position in the log and that of its predecessor in the partition; raises ForeignRecord."""
    said: Mapping[str, bytes] = dict(headers)
    try:
        position, previous = int(said[POSITION]), int(said[PREV_POSITION])
    except (LookupError, ValueError) as error:
        raise ForeignRecord("a record without the headers position and prev_position") from error
    if not 0 <= previous < position:
        raise ForeignRecord(f"a record at position {position} cannot follow {previous}")
    return Position(position), Position(previous)


def stored_of(value: bytes | None, position: Position) -> StoredEvent:
    """The event as the log keeps it, without the key of its subject; raises UnreadableRecord."""
    try:
        read: Any = _decode(value or b"")
        metadata, data = bytes(read.data.metadata), bytes(read.data.changes)
        meta = _metadata(metadata)
        return StoredEvent(
            position=position,
            tenant=TenantId(meta.tenant),
            stream=StreamName(meta.stream),
            stream_version=meta.stream_version,
            entity_id=read.data.entity_id,
            event_id=meta.event_id,
            command_id=meta.command_id,
            type=meta.type,
            recorded_at=meta.recorded_at,
            metadata=metadata,
            data=data,
            hash=bytes.fromhex(read.data.hash),
            subject_id=meta.subject_id,
        )
    except (ValueError, RecursionError) as error:
        raise UnreadableRecord(f"the record at position {position} does not hold an event: {error}") from error
