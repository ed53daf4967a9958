"""What processes tell one another: messages that come back, and what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_schemas.streams import Position
from event_schemas.topics import ENTITY_LANES, LOG
from event_schemas.wakes import NoWake, advanced_channel, appended_channel, decode_wake, encode_wake

LANES = st.sampled_from((LOG, *ENTITY_LANES))
POSITIONS = st.integers(0, 2**63 - 1).map(Position)


@given(st.dictionaries(LANES, POSITIONS))
def test_a_message_comes_back(reached: dict[object, Position]) -> None:
    """Whatever lanes and positions it names."""
    assert decode_wake(encode_wake(reached)) == reached  # type: ignore[arg-type]  # lanes, as drawn


@pytest.mark.parametrize(
    "message", [b"", b"{}", b"[1]", b'[["log",0]]', b'[["log",0,-1]]', b'[["log",0,1.5]]', b"\xff"]
)
def test_what_is_no_message_is_refused(message: bytes) -> None:
    """By an error of ours, whatever is wrong."""
    with pytest.raises(NoWake):
        decode_wake(message)


def test_every_database_and_group_has_a_channel_of_its_own() -> None:
    """Redis keeps its databases apart, but not its channels."""
    names = {appended_channel(0), appended_channel(1), advanced_channel(0, "postgres"), advanced_channel(0, "search")}
    assert len(names) == 4
