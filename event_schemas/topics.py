"""Topics, keys and partitions: where an event of a stream is distributed to. Pure.

The partition is computed here and not by a client of Kafka, so that readers of the log and of the API know it too.
Counts of partitions never change: an entity's events would lose their order.
"""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple
from zlib import crc32

import msgspec

from event_schemas.streams import StreamName, parse_stream

_HOUR_MS: Final = 3_600_000


class Lane(NamedTuple):
    """A sequence of events that readers take in order: one partition of a topic, or the whole log."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}"


LOG: Final = Lane("log", 0)
"""All events in the order of their positions, for who reads the event store itself."""


class Topic(msgspec.Struct, frozen=True):
    """A topic as it is created."""

    name: str
    partitions: int
    retention_ms: int | None
    """None: compacted, and kept for ever."""

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """All partitions."""
        return tuple(Lane(self.name, partition) for partition in range(self.partitions))


LEADS: Final = Topic("leads.lifecycle", 12, 168 * _HOUR_MS)
CONTACTS: Final = Topic("contacts.lifecycle", 12, 168 * _HOUR_MS)
ACCOUNTS: Final = Topic("accounts.lifecycle", 12, 168 * _HOUR_MS)
DEALS: Final = Topic("deals.pipeline", 12, 168 * _HOUR_MS)
ACTIVITIES: Final = Topic("activities.tracking", 6, 72 * _HOUR_MS)
ORGANISATION: Final = Topic("organisation.lifecycle", 6, 168 * _HOUR_MS)
AUDIT: Final = Topic("audit.events", 24, 720 * _HOUR_MS)
"""A copy of all; no view reads it."""
CHECKPOINT: Final = Topic("relay.checkpoint", 1, None)
"""Where the relay says how far it is; its group of readers is also how one relay becomes the leader."""

ENTITY_TOPICS: Final = (LEADS, CONTACTS, ACCOUNTS, DEALS, ACTIVITIES, ORGANISATION)
TOPICS: Final = (*ENTITY_TOPICS, AUDIT, CHECKPOINT)
ENTITY_LANES: Final = tuple(lane for topic in ENTITY_TOPICS for lane in topic.lanes)
"""What the views of a group read together."""

_BY_CATEGORY: Final[Mapping[str, Topic]] = MappingProxyType(
    {
        "lead": LEADS,
        "contact": CONTACTS,
        "email": CONTACTS,
        "account": ACCOUNTS,
        "account_hierarchy": ACCOUNTS,
        "deal": DEALS,
        "activity": ACTIVITIES,
    }
)


def whole_log(_stream: StreamName) -> Lane:
    """Where all streams are for who reads the event store itself."""
    return LOG


def topic_of(stream: StreamName) -> Topic:
    """The topic of a stream's events; what belongs to no customer is the organisation's."""
    return _BY_CATEGORY.get(stream.partition("-")[0], ORGANISATION)


def key_of(stream: StreamName) -> str:
    """``tenant:stream``: order is promised for each entity, and a large tenant does not sit on one partition."""
    return f"{parse_stream(stream).tenant}:{stream}"


@lru_cache(maxsize=65_536)
def lane_of(stream: StreamName) -> Lane:
    """Where a stream's events are read; raises InvalidStreamName."""
    topic = topic_of(stream)
    return Lane(topic.name, _partition(stream, topic))


@lru_cache(maxsize=65_536)
def audit_lane_of(stream: StreamName) -> Lane:
    """Where the copies of a stream's events are; raises InvalidStreamName."""
    return Lane(AUDIT.name, _partition(stream, AUDIT))


def _partition(stream: StreamName, topic: Topic) -> int:
    return crc32(key_of(stream).encode()) % topic.partitions
