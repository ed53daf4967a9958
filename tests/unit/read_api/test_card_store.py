"""Whether the store of cards, feeds and counters may be asked."""

import pytest

from event_schemas.streams import START, Position
from read_api.card_store import CardsProgress, Held, held

LANES = {"deals.pipeline/3": Position(7), "leads.lifecycle/0": Position(4)}
NOTED = {b"views": b"entity_card", b"deals.pipeline/3": b"7", b"leads.lifecycle/0": b"5"}


@pytest.mark.parametrize("text", [str, lambda name: name.encode()])
def test_in_one_lane_the_store_itself_says_how_far_it_is(text: type[str]) -> None:
    """It may be ahead of what PostgreSQL was asked for a moment ago."""
    note = {text("views"): text("entity_card"), text("log/0"): text("9")}
    assert held(note, CardsProgress(Position(7), {"log/0": Position(7)})) == Held(Position(9), Position(9))


def test_a_lane_that_lags_because_nothing_is_in_it_does_not_count() -> None:
    """The watermarks say how far the group is; the store has all that they vouch for, and some more."""
    assert held(NOTED, CardsProgress(Position(40), LANES)) == Held(Position(40), Position(7))


@pytest.mark.parametrize(
    "note", [{}, {b"views": b"entity_card"}, {**NOTED, b"leads.lifecycle/0": b"3"}, {b"deals.pipeline/3": b"7"}]
)
def test_a_store_that_has_lost_something_is_nowhere(note: dict[bytes, bytes]) -> None:
    """Emptied, begun anew, or behind in one lane."""
    assert held(note, CardsProgress(Position(40), LANES)).position == START
