"""Records of Kafka -> events to project, and what is missing before them. Pure.

Offsets say nothing here: those of a transactional topic have holes. What says whether something is missing is the
position of the record's predecessor in its lane.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from event_schemas.envelope import StoredEvent
from event_schemas.records import ForeignRecord, UnreadableRecord, places_of, stored_of
from event_schemas.streams import InvalidStreamName, Position
from event_schemas.topics import Lane, lane_of


class Record(Protocol):
    """What a consumer of Kafka hands out."""

    @property
    def offset(self) -> int:
        """Where it is in its partition."""
        ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """Names and values."""
        ...

    @property
    def value(self) -> bytes | None:
        """The body."""
        ...


Records = Mapping[Lane, Sequence[Record]]
"""Of each lane, in its order."""


class Batch(msgspec.Struct):
    """What some records hold, each lane up to the first place where something is missing."""

    events: list[StoredEvent] = []
    """Without the keys of their subjects."""
    offsets: dict[Position, int] = {}
    """Beside an event's position: the offset of the record after its own."""
    missing: dict[Lane, Position] = {}
    """Lanes that have to be read in the log, up to this position, before their ``rest``."""
    rest: dict[Lane, Sequence[Record]] = {}
    duplicates: int = 0
    foreign: int = 0


def read(records: Records, seen: Mapping[Lane, Position]) -> Batch:
    """``seen``: up to where each of the lanes has been taken, or looked for in the log in vain."""
    batch = Batch()
    for lane, some in records.items():
        _read_lane(batch, lane, some, seen[lane])
    return batch


def _read_lane(batch: Batch, lane: Lane, records: Sequence[Record], seen: Position) -> None:
    for place, record in enumerate(records):
        try:
            found = _found(record, lane, seen)
        except ForeignRecord:
            batch.foreign += 1
            continue
        if found is None:
            batch.duplicates += 1
        elif isinstance(found, StoredEvent):
            batch.events.append(found)
            batch.offsets[found.position] = record.offset + 1
            seen = found.position
        else:
            batch.missing[lane], batch.rest[lane] = found, records[place:]
            break


def _found(record: Record, lane: Lane, seen: Position) -> StoredEvent | Position | None:
    """The event; or up to where the log has to be read first; or nothing new. Raises ForeignRecord."""
    position, previous = _places_of(record.headers)
    if position <= seen:
        return None
    if previous > seen:
        return previous
    try:
        return _in_lane(stored_of(record.value, position), lane)
    except UnreadableRecord:
        return position  # the log has the event, whatever became of the record


def _places_of(headers: Sequence[tuple[str, bytes]]) -> tuple[Position, Position]:
    """They are the last two where the relay wrote them, and wherever else they are looked for then."""
    try:
        return places_of(headers[-2:])
    except ForeignRecord:
        return places_of(headers)


def _in_lane(stored: StoredEvent, lane: Lane) -> StoredEvent:
    """Raises ForeignRecord for an event that belongs elsewhere: its lane's watermark would be moved by it."""
    try:
        at_home = lane_of(stored.stream) == lane
    except InvalidStreamName as error:
        raise UnreadableRecord(f"the record at position {stored.position} is of no stream: {error}") from error
    if not at_home:
        raise ForeignRecord(f"an event of {stored.stream} is not at home in {lane}")
    return stored
