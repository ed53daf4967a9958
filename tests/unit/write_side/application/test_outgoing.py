"""What the relay publishes of a batch of events."""

from collections import defaultdict
from collections.abc import Sequence
from random import Random

import pytest
from msgspec.structs import replace

from event_schemas.envelope import StoredEvent
from event_schemas.records import places_of, stored_of
from event_schemas.relayed import NOTHING, Relayed
from event_schemas.streams import Position, StreamName
from event_schemas.topics import AUDIT, Lane, audit_lane_of, key_of, lane_of
from tests.support.histories import everything
from write_side.application.outgoing import Record, outgoing


def published(events: Sequence[StoredEvent], sizes: int) -> tuple[dict[Lane, list[Record]], Relayed]:
    """All records, in batches of so many events, and the last checkpoint."""
    lanes: defaultdict[Lane, list[Record]] = defaultdict(list)
    relayed = NOTHING
    for start in range(0, len(events), sizes):
        batch = outgoing(events[start : start + sizes], relayed)
        relayed = batch.relayed
        for lane, records in batch.records.items():
            lanes[lane] += records
    return lanes, relayed


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_every_event_goes_to_its_lane_and_to_the_audit(size: int) -> None:
    """Under its key; each lane is a chain without a gap, whatever the batches were."""
    events = everything(Random(1), 1_000)
    lanes, relayed = published(events, size)
    found = [(lane, stored_of(record.value, places_of(record.headers)[0])) for lane in lanes for record in lanes[lane]]
    assert sorted((event.position, lane) for lane, event in found) == sorted(
        (event.position, lane) for event in events for lane in (lane_of(event.stream), audit_lane_of(event.stream))
    )
    assert all(
        record.key.decode() == key_of(event.stream) for record, (_, event) in zip(_all(lanes), found, strict=True)
    )
    for lane, records in lanes.items():
        places = [places_of(record.headers) for record in records]
        assert [previous for _, previous in places] == [0, *(position for position, _ in places[:-1])]
        assert relayed.of(lane) == places[-1][0]
    assert relayed.position == events[-1].position


def _all(lanes: dict[Lane, list[Record]]) -> list[Record]:
    return [record for records in lanes.values() for record in records]


@pytest.mark.parametrize("name", ["$settings", "lead-demo", "Lead-demo~1", ""])
def test_an_event_of_a_foreign_stream_goes_to_the_audit_only(name: str) -> None:
    """No view could read it, and it stops nobody: the chains go on."""
    before, stray, later = everything(Random(2), 100)[:3]
    stray = replace(stray, stream=StreamName(name))
    batch = outgoing([before, stray, later], NOTHING)
    assert batch.strays == (stray,)
    assert batch.relayed.position == 3
    assert [lane.topic for lane, records in batch.records.items() for r in records if places_of(r.headers)[0] == 2] == [
        AUDIT.name
    ]


def test_the_checkpoint_before_stays_as_it_was() -> None:
    """What is not committed has changed nothing: the same events can be tried again."""
    events = everything(Random(3), 100)[:10]
    relayed = outgoing(events[:5], NOTHING).relayed
    lanes = dict(relayed.lanes)
    outgoing(events[5:], relayed)
    assert (relayed.position, dict(relayed.lanes)) == (Position(5), lanes)
