"""Names of streams: ``<category>-<tenant>~<id>``, and the deterministic ids built on them."""

import re
from hashlib import sha1
from typing import NamedTuple, NewType
from uuid import UUID

import msgspec

TenantId = NewType("TenantId", str)
StreamName = NewType("StreamName", str)
Position = NewType("Position", int)
"""Where an event stands in the whole log. Opaque and ordered; 0 is before the first event."""

START = Position(0)

TENANT = re.compile(r"[a-z][a-z0-9-]{0,38}\Z")
_STREAM = re.compile(r"(?P<category>[a-z_]+)-(?P<tenant>[a-z][a-z0-9-]{0,38})~(?P<id>[^~]+)\Z")
_NAMESPACE = UUID("6e2f0a52-0b4e-5c7d-9d0b-4f3a7c1e8d20").bytes


class InvalidStreamName(ValueError):
    """The text is no stream name of ours."""


class StreamParts(NamedTuple):
    """A stream name taken apart."""

    category: str
    tenant: TenantId
    id: str


def stream_name(category: str, tenant: TenantId, entity: UUID | str) -> StreamName:
    """``deal``, ``demo``, id -> ``deal-demo~<id>``."""
    return StreamName(f"{category}-{tenant}~{entity}")


def parse_stream(stream: str) -> StreamParts:
    """Take a stream name apart; raises InvalidStreamName."""
    if (found := _STREAM.match(stream)) is None:
        raise InvalidStreamName(f"{stream!r} is not <category>-<tenant>~<id>")
    return StreamParts(found["category"], TenantId(found["tenant"]), found["id"])


def entity_of(stream: str) -> UUID:
    """The id of the entity that the stream is about; raises InvalidStreamName, and ValueError for another id."""
    if (found := _STREAM.match(stream)) is None:
        raise InvalidStreamName(f"{stream!r} is not <category>-<tenant>~<id>")
    return msgspec.convert(found["id"], UUID)


def entity_id(tenant: TenantId, kind: str, key: str) -> UUID:
    """The id of a target that the client did not name: the same key gives the same entity again."""
    return _uuid5(_NAMESPACE, f"entity\n{tenant}\n{kind}\n{key}")


def command_id(tenant: TenantId, kind: str, target: UUID | str, key: str) -> UUID:
    """The id of a command under an idempotency key; its scope is tenant, kind and id of the target, key."""
    return _uuid5(_NAMESPACE, f"command\n{tenant}\n{kind}\n{target}\n{key}")


def event_id(command: UUID, stream: str, index: int) -> UUID:
    """The id of the index-th (from 0) event that a command appends to a stream: a UUID of version 5."""
    return _uuid5(command.bytes, f"{stream}\n{index}")


def _uuid5(namespace: bytes, name: str) -> UUID:
    """What uuid.uuid5 answers, in a third of its time: it is on the way of every command and every event."""
    value = bytearray(sha1(namespace + name.encode(), usedforsecurity=False).digest()[:16])
    value[6] = value[6] & 0x0F | 0x50  # version 5
    value[8] = value[8] & 0x3F | 0x80  # of RFC 9562's variant
    return msgspec.convert(value, UUID)
