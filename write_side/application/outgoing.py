"""What the relay publishes: events as records of their lanes, and how far it is with them. Pure."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple
from zlib import crc32

import msgspec

from event_schemas.envelope import StoredEvent
from event_schemas.records import MAX_VALUE_BYTES, Headers, after, record_of
from event_schemas.relayed import Relayed
from event_schemas.streams import START, InvalidStreamName, Position, StreamName
from event_schemas.topics import AUDIT, Lane, audit_lane_of, key_of, lane_of


class Record(NamedTuple):
    """One record of a lane."""

    key: bytes
    value: bytes
    headers: Headers


class Outgoing(msgspec.Struct, frozen=True):
    """What is published together: all of it, or nothing."""

    records: Mapping[Lane, Sequence[Record]]
    relayed: Relayed
    """How far the relay is with these."""
    events: int
    strays: tuple[StoredEvent, ...]
    """Events of streams that are none of ours: only the audit has them."""


class Places(NamedTuple):
    """Where a stream's events go, under which key."""

    lanes: tuple[Lane, ...]
    key: bytes


_CACHED: Final = 65_536


@lru_cache(maxsize=_CACHED)
def places_of(stream: StreamName) -> Places:
    """The entity's topic and the audit; for a stream that is none of ours, which no view could read, the audit."""
    try:
        return Places((lane_of(stream), audit_lane_of(stream)), key_of(stream).encode())
    except InvalidStreamName:
        key = stream.encode()
        return Places((Lane(AUDIT.name, crc32(key) % AUDIT.partitions),), key)


def outgoing(events: Sequence[StoredEvent], relayed: Relayed, *, at_most: int = MAX_VALUE_BYTES) -> Outgoing:
    """The records of the events that follow on what is relayed; there is at least one.

    An event of more bytes than ``at_most`` goes without them: who needs them reads them in the log.
    """
    last: dict[Lane, Position] = dict(relayed.lanes)
    records: dict[Lane, list[Record]] = {}
    strays: list[StoredEvent] = []
    for event in events:
        value, headers = record_of(event, at_most=at_most)
        lanes, key = places_of(event.stream)
        for lane in lanes:
            record = Record(key, value, after(headers, last.get(lane, START)))
            records.setdefault(lane, []).append(record)
            last[lane] = event.position
        if len(lanes) == 1:
            strays.append(event)
    return Outgoing(records, Relayed(events[-1].position, last), len(events), tuple(strays))
