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


MAX_VALUE_BYTES: Final = 7 * 1024 * 1024
"""No event of ours is as long (test_no_event_is_too_long_for_a_record)."""
MAX_RECORD_BYTES: Final = 8 * 1024 * 1024
"""With key and headers: what topics are to take."""

_NULL: Final = msgspec.Raw(b"null")
_UNKNOWN: Final = "unknown"
_CONTENT_TYPE: Final = ("content-type", b"application/json")
_SPEC_VERSION: Final = ("ce_specversion", b"1.0")
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Value).decode
_metadata = msgspec.json.Decoder(Metadata).decode
_any = msgspec.json.Decoder(msgspec.Raw).decode


def record_of(stored: StoredEvent, *, at_most: int = MAX_VALUE_BYTES) -> tuple[bytes, Headers]:
    """The record's value, and its headers but for the last: what precedes it depends on the partition (`after`).

    Bytes that are no JSON are left out (null), and so are those of an event that is too long: they are in the log.
    """
    meta = _readable_metadata(stored)
    changes = None if meta is None else _readable_changes(stored)
    value = _value_of(stored, meta, changes)
    if len(value) > at_most:
        value = _value_of(stored, meta, None)
    return value, _headers_of(stored, meta)


def after(headers: Headers, previous: Position) -> Headers:
    """All headers. ``previous``: position of the event before it in the same topic and partition; 0 for the first."""
    return [*headers, (PREV_POSITION, b"%d" % previous)]


def value_of(stored: StoredEvent) -> bytes:
    """The record's value."""
    return record_of(stored)[0]


def headers_of(stored: StoredEvent, *, previous: Position) -> Headers:
    """The record's headers."""
    return after(_headers_of(stored, _readable_metadata(stored)), previous)


def _readable_metadata(stored: StoredEvent) -> Metadata | None:
    try:
        return decode_metadata(stored)
    except UndecodableEvent:
        return None


def _readable_changes(stored: StoredEvent) -> msgspec.Raw | None:
    try:
        _any(stored.data)
    except (ValueError, RecursionError):
        return None
    return msgspec.Raw(stored.data)


def _value_of(stored: StoredEvent, meta: Metadata | None, changes: msgspec.Raw | None) -> bytes:
    timestamp, source = stored.recorded_at, _UNKNOWN
    metadata = _NULL
    if meta is not None:
        timestamp, source = meta.occurred_at, meta.source
        metadata = _NULL if changes is None else msgspec.Raw(stored.metadata)
    category = stored.stream.partition("-")[0]
    data = _Data(stored.entity_id, category, changes or _NULL, metadata, stored.hash.hex())
    return _encode(_Value(stored.event_id, stored.type, stored.tenant, timestamp, source, data))


def _headers_of(stored: StoredEvent, meta: Metadata | None) -> Headers:
    """A trace is all that one cause brought about: its id is the correlation id, and the event is a span in it."""
    occurred, trace = (
        (stored.recorded_at, stored.command_id) if meta is None else (meta.occurred_at, meta.correlation_id)
    )
    return [
        _SPEC_VERSION,
        ("ce_id", str(stored.event_id).encode()),
        ("ce_source", f"/eventcrm/{stored.tenant}".encode()),
        ("ce_type", stored.type.encode()),
        ("ce_time", occurred.isoformat().replace("+00:00", "Z").encode()),
        ("ce_subject", stored.stream.encode()),
        _CONTENT_TYPE,
        ("traceparent", f"00-{trace.hex}-{stored.event_id.hex[:16]}-01".encode()),
        (POSITION, b"%d" % stored.position),
    ]


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
