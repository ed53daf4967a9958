"""Events as EventStoreDB / KurrentDB keeps them: its metadata and its data are ours, byte for byte.

What else a StoredEvent has follows from these bytes, the hash too. Other applications' events are none of ours; one of
ours whose metadata cannot be read is handed on all the same: readers park it.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from event_schemas.codec import event_hash
from event_schemas.envelope import Instant, StoredEvent
from event_schemas.registry import UnknownEventType, of_name
from event_schemas.streams import InvalidStreamName, Position, StreamName, parse_stream
from write_side.adapters.kurrent_library import Library

UNKNOWN = UUID(int=0)
"""Stands for an id that unreadable bytes would have told."""
_JSON = "application/json"


class _Columns(msgspec.Struct, frozen=True, rename="camel"):
    """What the server has no column for."""

    command_id: UUID
    recorded_at: Instant
    subject_id: UUID | None


_columns = msgspec.json.Decoder(_Columns)
_payload = msgspec.json.Decoder(dict[str, Any])


def new_event(library: Library, sealed: StoredEvent) -> Any:
    """What is sent to the server."""
    return library.new_event(
        type=sealed.type, data=sealed.data, metadata=sealed.metadata, content_type=_JSON, id=sealed.event_id
    )


def is_same(record: Any, sealed: StoredEvent) -> bool:
    """Whether these very bytes are stored."""
    return bool(record.id == sealed.event_id and record.metadata == sealed.metadata and record.data == sealed.data)


def stored_event(record: Any) -> StoredEvent | None:
    """What the server handed out, without the key that opens it; None for what is not of this platform."""
    try:
        parts = parse_stream(record.stream_name)
    except InvalidStreamName:
        return None
    columns = _columns_of(record)
    return StoredEvent(
        Position(record.commit_position),
        parts.tenant,
        StreamName(record.stream_name),
        record.stream_position + 1,
        _entity(record, parts.id),
        record.id,
        columns.command_id,
        record.type,
        columns.recorded_at,
        record.metadata,
        record.data,
        event_hash(record.metadata, record.data),
        columns.subject_id,
    )


def _columns_of(record: Any) -> _Columns:
    try:
        return _columns.decode(record.metadata)
    except (ValueError, RecursionError):
        return _Columns(UNKNOWN, record.recorded_at or datetime.fromtimestamp(0, UTC), None)


def _entity(record: Any, stream_id: str) -> UUID:
    try:
        field = of_name(record.type).entity_field
    except UnknownEventType:
        field = None
    try:
        return UUID(stream_id) if field is None else UUID(_payload.decode(record.data)[field])
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return UNKNOWN
