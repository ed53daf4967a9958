"""As of when: an instant of either clock, or a position, resolved once to a moment that all of an answer shares."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, Protocol

import msgspec

from read_api.cursors import Cursor
from read_api.errors import bad_request, invalid_cursor
from read_api.values import MAX_BIGINT


class Clock(Enum):
    """Which clock an instant is read on."""

    RECORDED = "recorded"
    OCCURRED = "occurred"


class Question(Enum):
    """How a moment is asked for: the SQL function that resolves it, with named parameters."""

    NOW = "moment_now({now})"
    RECORDED = "moment_recorded({at}, {now})"
    OCCURRED = "moment_occurred({at})"
    POSITION = "moment_position({position}, {now})"
    PINNED = "moment_pinned({position}, {occurred}, {at})"


TYPES: Mapping[str, str] = {"now": "timestamptz", "at": "timestamptz", "position": "bigint", "occurred": "timestamptz"}
"""SQL types of the parameters."""

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_DIGITS = re.compile(r"[0-9]{1,19}\Z", re.ASCII)


def parameters(question: Question) -> list[str]:
    """Names of the question's parameters, in order."""
    return _PLACEHOLDER.findall(question.value)


class Asked(msgspec.Struct, frozen=True):
    """A question with its values."""

    question: Question
    values: Mapping[str, Any] = {}


class Moment(msgspec.Struct, frozen=True):
    """Where the answer is pinned. States count when position_from <= position and occurred_from <= occurred."""

    position: int
    occurred: datetime | None
    """None: for ever."""
    at: datetime
    """The instant from which ages count."""
    current: bool
    """Whether the tables of now show this moment."""
    pin: int
    """The position that cursors pin: of all that is answered nothing is later."""


def asked_as_of(given: Mapping[str, Any] | None) -> Asked:
    """Read the argument ``asOf``; raises an ApiError (BAD_REQUEST)."""
    if given is None:
        return Asked(Question.NOW)
    at, position, clock = given.get("at"), given.get("position"), given.get("clock")
    if (at is None) == (position is None):
        raise bad_request("asOf takes either `at`, an instant, or `position`, a position of the log")
    if position is not None:
        if clock in (Clock.OCCURRED, Clock.OCCURRED.value):
            raise bad_request("asOf.position belongs to no clock: leave `clock` out")
        return Asked(Question.POSITION, {"position": _position(position)})
    question = Question.OCCURRED if clock in (Clock.OCCURRED, Clock.OCCURRED.value) else Question.RECORDED
    return Asked(question, {"at": at})


def asked_by_cursor(cursor: Cursor) -> Asked:
    """The moment of the page that gave the cursor."""
    values = {"position": cursor.position, "occurred": cursor.occurred, "at": cursor.asked_at}
    return Asked(Question.PINNED, values)


def _position(text: str) -> int:
    if _DIGITS.match(text) is None or int(text) > MAX_BIGINT:
        raise bad_request("asOf.position is not a position: pass digits, as `position` of an answer gives them")
    return int(text)


class Reader(Protocol):
    """What reads rows."""

    async def fetch(self, sql: str, *arguments: object) -> Any:
        """The rows."""


def moment_call(asked: Asked, *, now: datetime, parameter: Callable[[Any, str], str]) -> str:
    """The FROM item that resolves a moment; ``parameter`` makes a placeholder of a value and its SQL type."""
    values = {"now": now, **asked.values}
    return asked.question.value.format(
        **{name: parameter(values[name], TYPES[name]) for name in parameters(asked.question)}
    )


MOMENT_COLUMNS = (
    "m.p as moment_position, nullif(m.t, 'infinity') as moment_occurred, m.at as moment_at, m.pin as moment_pin"
)
"""Of a moment called m, as ``moment_in`` reads them."""


def moment_in(row: Any, question: Question) -> Moment:
    """The moment in a row of MOMENT_COLUMNS; raises an ApiError when it lies beyond what is there."""
    if row["moment_position"] is None:
        raise beyond(question)
    current = question is Question.NOW
    return Moment(row["moment_position"], row["moment_occurred"], row["moment_at"], current, row["moment_pin"])


def beyond(question: Question) -> Exception:
    """The refusal of a position that the views have not reached."""
    if question is Question.PINNED:
        return invalid_cursor("this cursor is of a later position than the views have: start again without it")
    return bad_request("asOf.position lies beyond the last position: ask for one that an answer gave")
