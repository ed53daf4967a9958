"""Bytes <-> events, and the hash chain. The layout and a test vector are in docs/envelope.md."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET

from event_schemas.envelope import Metadata, Origin, Recorded, StoredEvent, StreamHead
from event_schemas.registry import Event, EventType, of_class, of_name
from event_schemas.sealing import open_fields, seal_fields
from event_schemas.streams import START, StreamName, entity_of, event_id
from event_schemas.upcasters import upcast

_encoder = msgspec.json.Encoder()
_metadata_decoder = msgspec.json.Decoder(Metadata)
_payload_decoder = msgspec.json.Decoder(dict[str, Any])
NO_KEYS: Mapping[UUID, bytes] = MappingProxyType({})
_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What msgspec, the registry and upcasters raise at bytes that were never ours."""


class UnencodableEvent(ValueError):
    """An event breaks its own contract (a name too long, an amount too large); storing it would park every reader."""


class UndecodableEvent(ValueError):
    """A stored event cannot be read; names its stream, version and type."""


def event_hash(metadata: bytes, data: bytes) -> bytes:
    """SHA-256 over a domain tag and both buffers, each led by its length as 8 bytes big-endian."""
    parts = (b"eventcrm.event.1\n", len(metadata).to_bytes(8), metadata, len(data).to_bytes(8), data)
    return hashlib.sha256(b"".join(parts)).digest()


def subject_of(fact: Event, stream: StreamName) -> UUID | None:
    """Whose personal data an event carries: a key of theirs is needed to seal it. None: nobody's."""
    entry = of_class(type(fact))
    for name in entry.personal:
        if (value := getattr(fact, name)) is not None and value is not UNSET:
            subject: UUID | None = (
                _entity_of(entry, fact, stream) if entry.subject_field is None else getattr(fact, entry.subject_field)
            )
            return subject
    return None


def subjects_of(facts: Iterable[Event], stream: StreamName) -> set[UUID]:
    """Those whose keys ``seal`` needs."""
    return {subject for fact in facts if (subject := subject_of(fact, stream)) is not None}


def seal(
    events: Sequence[Event],
    *,
    stream: StreamName,
    head: StreamHead,
    origin: Origin,
    recorded_at: datetime,
    keys: Mapping[UUID, bytes] = NO_KEYS,
) -> tuple[StoredEvent, ...]:
    """Encode the events of one command as the continuation of a stream, each chained to the one before.

    ``keys``: a key of 32 bytes for each of subjects_of(events). Raises UnencodableEvent: what is stored can be read, by
    every reader, for ever.
    """
    sealed = []
    previous = head.hash
    for index, fact in enumerate(events):
        stored = _seal_one(fact, index, stream, head.version + index + 1, previous, origin, recorded_at, keys)
        sealed.append(stored)
        previous = stored.hash
    return tuple(sealed)


def _seal_one(
    fact: Event,
    index: int,
    stream: StreamName,
    version: int,
    previous: bytes,
    origin: Origin,
    recorded_at: datetime,
    keys: Mapping[UUID, bytes],
) -> StoredEvent:
    entry = of_class(type(fact))
    subject = subject_of(fact, stream)
    key = keys[subject] if subject is not None else None
    identity = event_id(origin.command_id, stream, index)
    data, names = _payload(fact, entry, f"{stream} v{version}", identity, key)
    meta = Metadata(
        event_id=identity,
        type=entry.name,
        version=entry.version,
        tenant=origin.tenant,
        stream=stream,
        stream_version=version,
        occurred_at=origin.occurred_at,
        recorded_at=recorded_at,
        actor=origin.actor,
        command_id=origin.command_id,
        request_digest=origin.request_digest,
        correlation_id=origin.correlation_id,
        causation_id=origin.causation_id,
        subject_id=subject,
        source=origin.source,
        sealed=names,
        prev_hash=previous.hex(),
    )
    metadata = _encoded_metadata(meta)
    return StoredEvent(
        START,
        origin.tenant,
        stream,
        version,
        _entity_of(entry, fact, stream),
        meta.event_id,
        origin.command_id,
        entry.name,
        recorded_at,
        metadata,
        data,
        event_hash(metadata, data),
        subject,
        key,
    )


def _payload(
    fact: Event, entry: EventType, where: str, identity: UUID, key: bytes | None
) -> tuple[bytes, tuple[str, ...]]:
    """The payload's bytes and the names of its sealed fields, after a look whether a reader would take them."""
    try:
        data = _encoder.encode(fact)
        _decoder(entry.cls).decode(data)
    except (ValueError, TypeError, OverflowError) as error:
        raise UnencodableEvent(f"{where} ({entry.name}): {error}") from error
    return (data, ()) if key is None else seal_fields(data, entry.personal, key=key, event_id=identity)


def _encoded_metadata(meta: Metadata) -> bytes:
    """Its types are checked where it is made; what is left is what no type checker sees."""
    try:
        if meta.occurred_at.utcoffset() is None or meta.recorded_at.utcoffset() is None:
            raise ValueError("an instant without a time zone")
        return _encoder.encode(meta)
    except (ValueError, TypeError, OverflowError) as error:
        raise UnencodableEvent(f"{meta.stream} v{meta.stream_version} ({meta.type}): {error}") from error


def _entity_of(entry: EventType, fact: Event, stream: StreamName) -> UUID:
    if entry.entity_field is not None:
        entity: UUID = getattr(fact, entry.entity_field)
        return entity
    return _entity_of_stream(stream)


_entity_of_stream = lru_cache(maxsize=4096)(entity_of)


@cache
def _decoder(cls: type[Event]) -> msgspec.json.Decoder[Event]:
    return msgspec.json.Decoder(cls)


def decode_metadata(stored: StoredEvent) -> Metadata:
    """The envelope alone; raises UndecodableEvent."""
    try:
        return _metadata_decoder.decode(stored.metadata)
    except (ValueError, RecursionError) as error:
        raise UndecodableEvent(f"{stored.stream} v{stored.stream_version}: metadata: {error}") from error


def decode(stored: StoredEvent) -> Recorded[Event]:
    """Read a stored event as the newest version of its class; raises UndecodableEvent."""
    meta = decode_metadata(stored)
    try:
        entry = of_name(meta.type)
        data = stored.data
        if meta.sealed:
            data = open_fields(data, meta.sealed, key=stored.key, event_id=meta.event_id)
        event = _decode_payload(entry, meta.version, data)
        entity = _entity_of(entry, event, meta.stream)
    except _UNREADABLE as error:
        where = f"{stored.stream} v{stored.stream_version} ({meta.type} v{meta.version})"
        raise UndecodableEvent(f"{where}: {error}") from error
    return Recorded(stored.position, entity, stored.hash, meta, event)


def _decode_payload(entry: EventType, version: int, data: bytes) -> Event:
    if version == entry.version:
        return _decoder(entry.cls).decode(data)
    if version > entry.version:
        raise ValueError(f"stored version {version} is newer than this program's {entry.version}")
    payload = _payload_decoder.decode(data)
    return msgspec.convert(upcast(entry.name, payload, stored=version, current=entry.version), entry.cls)


def is_chained(previous: StreamHead, stored: StoredEvent) -> bool:
    """True when the event's own hash is right, it continues the given head, and its columns say what its bytes say.

    Raises UndecodableEvent for bytes that have the right hash and are no event all the same.
    """
    if event_hash(stored.metadata, stored.data) != stored.hash:
        return False
    recorded = decode(stored)
    meta = recorded.meta
    return (
        meta.prev_hash == previous.hash.hex()
        and stored.stream_version == previous.version + 1
        and _columns(stored)
        == (
            meta.tenant,
            meta.stream,
            meta.stream_version,
            recorded.entity_id,
            meta.event_id,
            meta.command_id,
            meta.type,
            meta.recorded_at,
            meta.subject_id,
        )
    )


def _columns(stored: StoredEvent) -> tuple[object, ...]:
    return (
        stored.tenant,
        stored.stream,
        stored.stream_version,
        stored.entity_id,
        stored.event_id,
        stored.command_id,
        stored.type,
        stored.recorded_at,
        stored.subject_id,
    )
