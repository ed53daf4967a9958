"""The relay's checkpoint as a record."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from event_schemas.relayed import NOTHING, InvalidCheckpoint, Relayed, decode_relayed, encode_relayed
from event_schemas.streams import START, Position
from event_schemas.topics import AUDIT, ENTITY_LANES, Lane

POSITIONS = some.integers(min_value=0, max_value=2**63 - 1).map(Position)
LANES = some.dictionaries(some.sampled_from((*ENTITY_LANES, *AUDIT.lanes)), POSITIONS)


@given(lanes=LANES, further=some.integers(min_value=0, max_value=10))
def test_a_checkpoint_comes_back(lanes: dict[Lane, Position], further: int) -> None:
    """Whatever has been published, and wherever."""
    relayed = Relayed(Position(max(lanes.values(), default=0) + further), lanes)
    assert decode_relayed(encode_relayed(relayed)) == relayed


def test_its_form_is_plain_json() -> None:
    """Whoever follows the relay reads it in any language."""
    value = encode_relayed(Relayed(Position(9), {Lane("deals.pipeline", 3): Position(7)}))
    assert json.loads(value) == {"position": 9, "lanes": {"deals.pipeline/3": 7}}


def test_a_lane_without_events_is_at_the_start() -> None:
    """As everything is before the first."""
    assert NOTHING.of(ENTITY_LANES[0]) == START


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"[]",
        b"{}",
        b'{"position":-1,"lanes":{}}',
        b'{"position":1,"lanes":{"deals.pipeline":1}}',
        b'{"position":1,"lanes":{"/1":1}}',
        b'{"position":1,"lanes":{"deals.pipeline/x":1}}',
        b'{"position":1,"lanes":{"deals.pipeline/1":2}}',
        b'{"position":1,"lanes":{"deals.pipeline/\xc2\xb2":1}}',
    ],
)
def test_what_is_no_checkpoint_is_refused(value: bytes | None) -> None:
    """A relay that took it for one would leave out events, or send them twice."""
    with pytest.raises(InvalidCheckpoint):
        decode_relayed(value)
