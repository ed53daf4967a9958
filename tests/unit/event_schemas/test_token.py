"""Consistency tokens."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_schemas.streams import Position, StreamName
from event_schemas.token import ConsistencyToken, InvalidToken, decode_token

positions = st.integers(1, 2**63 - 1).map(Position)
streams = st.text().map(StreamName)


@given(st.lists(st.tuples(streams, positions), max_size=5).map(tuple))
def test_a_token_comes_back(written: tuple[tuple[StreamName, Position], ...]) -> None:
    """Whatever was written, in text that needs no escaping in a URL."""
    text = ConsistencyToken(written).encode()
    assert decode_token(text) == ConsistencyToken(written)
    assert text.replace("-", "").replace("_", "").isalnum() or text == ""


def test_a_token_knows_the_furthest_position() -> None:
    """A reader that waits for it has seen all that was written; nothing written is nothing to wait for."""
    written = ((StreamName("a"), Position(3)), (StreamName("b"), Position(9)), (StreamName("c"), Position(4)))
    assert ConsistencyToken(written).position == 9
    assert ConsistencyToken(()).position == 0


@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_other_text_is_no_token(text: str) -> None:
    """It is refused with InvalidToken, or it reads as a token that comes back."""
    try:
        token = decode_token(text)
    except InvalidToken:
        return
    assert decode_token(token.encode()) == token


def wrapped(content: object) -> str:
    """As a token would look that holds this."""
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "?",
        "ä",
        "\ud800",
        "a",
        "W10=\n",
        wrapped({}),
        wrapped([["a"]]),
        wrapped([["a", "1"]]),
        wrapped([["a", 1.5]]),
        wrapped([["a", True]]),
        wrapped([[1, 1]]),
        wrapped([["a", 1, 2]]),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
    ],
)
def test_garbage_is_refused(text: str) -> None:
    """The message says what to pass instead."""
    with pytest.raises(InvalidToken, match="pass one that a command returned"):
        decode_token(text)


@pytest.mark.parametrize("position", [0, -1, 2**63, 2**64, -(2**70)])
def test_impossible_positions_are_refused(position: int) -> None:
    """A position is of a stored event."""
    with pytest.raises(InvalidToken, match="pass one that a command returned"):
        decode_token(wrapped([["deal-demo~x", position]]))
