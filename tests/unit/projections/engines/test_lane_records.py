"""Records -> events: what is skipped, what is taken, and where the log has to be read first."""

from random import Random

import msgspec
import pytest

from event_schemas.records import POSITION, PREV_POSITION
from event_schemas.streams import START, Position
from event_schemas.topics import ENTITY_LANES, Lane, lane_of
from projections.engines.lane_records import read
from tests.support.histories import deals
from tests.support.lane_source import Sent, records_of

EVENTS = deals(Random(1), 60)
RECORDS = records_of(EVENTS)
LANE = max(RECORDS, key=lambda lane: len(RECORDS[lane]))
MINE = [event for event in EVENTS if lane_of(event.stream) == LANE]
SENT = RECORDS[LANE]
NOTHING_SEEN = dict.fromkeys(ENTITY_LANES, START)


def without_key(events: object) -> object:
    """As they are in Kafka."""
    assert isinstance(events, list)
    return [msgspec.structs.replace(event, key=None) for event in events]


def test_records_in_a_row_are_events_with_the_offsets_to_go_on_from() -> None:
    """Whatever holes the offsets have."""
    batch = read(RECORDS, NOTHING_SEEN)
    assert sorted(batch.events, key=lambda event: event.position) == without_key(EVENTS)
    assert [batch.offsets[event.position] for event in MINE] == [sent.offset + 1 for sent in SENT]
    assert (batch.missing, batch.rest, batch.duplicates, batch.foreign) == ({}, {}, 0, 0)


def test_what_was_seen_is_a_duplicate() -> None:
    """At the watermark and before it, in whatever order it comes."""
    seen = {LANE: MINE[2].position}
    batch = read({LANE: [SENT[2], SENT[0], SENT[3], SENT[1], SENT[3]]}, seen)
    assert (batch.events, batch.duplicates) == (without_key([MINE[3]]), 4)


def test_a_gap_ends_what_can_be_taken_of_a_lane() -> None:
    """The log has to be read up to the predecessor; the record itself comes after that."""
    batch = read({LANE: [SENT[0], SENT[3], SENT[4]]}, NOTHING_SEEN)
    assert batch.events == without_key(MINE[:1])
    assert batch.missing == {LANE: MINE[2].position}
    assert batch.rest == {LANE: [SENT[3], SENT[4]]}
    again = read(batch.rest, {LANE: MINE[2].position})
    assert (again.events, again.missing) == (without_key(MINE[3:5]), {})


@pytest.mark.parametrize("value", [None, b"", b"\x00garbage", b"{}", b'{"data":7}'])
def test_a_value_that_is_no_event_is_missing_itself(value: bytes | None) -> None:
    """The relay's headers say where it stands: there the log has it."""
    broken = msgspec.structs.replace(SENT[1], value=value)
    batch = read({LANE: [SENT[0], broken, SENT[2]]}, NOTHING_SEEN)
    assert batch.missing == {LANE: MINE[1].position}
    after = read(batch.rest, {LANE: MINE[1].position})
    assert (after.duplicates, after.events) == (1, without_key([MINE[2]]))


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(POSITION, b"5")],
        [(POSITION, b"five"), (PREV_POSITION, b"4")],
        [(POSITION, b"5"), (PREV_POSITION, b"5")],
        [(POSITION, b"5"), (PREV_POSITION, b"-1")],
    ],
)
def test_a_record_of_somebody_else_is_counted_and_skipped(headers: list[tuple[str, bytes]]) -> None:
    """It says nothing that can be believed about places in the log."""
    batch = read({LANE: [Sent(0, headers, b"hello"), *SENT[:2]]}, NOTHING_SEEN)
    assert (batch.foreign, batch.events) == (1, without_key(MINE[:2]))


def test_places_are_found_wherever_they_stand_among_the_headers() -> None:
    """Somebody who mirrors the topic may add headers of their own."""
    mirrored = [msgspec.structs.replace(one, headers=[*one.headers, ("mirrored", b"yes")]) for one in SENT]
    assert read({LANE: mirrored}, NOTHING_SEEN).events == without_key(MINE)


def test_an_event_in_a_lane_of_others_is_not_taken() -> None:
    """It would move the watermark of a lane that it is not in."""
    elsewhere = next(lane for lane in ENTITY_LANES if lane != LANE)
    batch = read({elsewhere: [SENT[0]]}, NOTHING_SEEN)
    assert (batch.foreign, batch.events, batch.missing) == (1, [], {})


def test_each_lane_is_on_its_own() -> None:
    """A gap in one does not hold up another."""
    other = next(lane for lane in RECORDS if lane != LANE)
    batch = read({LANE: SENT[1:], other: RECORDS[other]}, NOTHING_SEEN)
    assert batch.missing == {LANE: MINE[0].position}
    assert {lane_of(event.stream) for event in batch.events} == {other}
    assert isinstance(batch.missing[Lane(*LANE)], int)
    assert Position(0) not in batch.offsets
