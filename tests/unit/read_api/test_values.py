"""Scalars take what can be stored and compared, and refuse the rest with a code."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from read_api.errors import ApiError, Code
from read_api.values import parse_bigint, parse_date, parse_id, parse_instant, parse_text, print_instant

FIRST, LAST = datetime.fromisoformat("0001-01-02"), datetime.fromisoformat("9999-12-30")
PARSERS = (parse_instant, parse_date, parse_bigint, parse_id, parse_text)


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2017, 6, 30, tzinfo=UTC), "2017-06-30T00:00:00Z"),
        (datetime(2017, 6, 30, 1, 2, 3, 500_000, tzinfo=UTC), "2017-06-30T01:02:03.5Z"),
        (datetime(2017, 6, 30, 1, 2, 3, 1, tzinfo=UTC), "2017-06-30T01:02:03.000001Z"),
        (datetime(2017, 6, 30, 1, tzinfo=timezone(timedelta(hours=2))), "2017-06-29T23:00:00Z"),
        (datetime(17, 6, 30, tzinfo=UTC), "0017-06-30T00:00:00Z"),
    ],
)
def test_instants_are_printed_in_utc(instant: datetime, text: str) -> None:
    """With Z, and as few digits of the fraction as are needed."""
    assert print_instant(instant) == text


@given(st.datetimes(min_value=FIRST, max_value=LAST, timezones=st.just(UTC)))
def test_what_is_printed_is_read(instant: datetime) -> None:
    """An instant survives being text."""
    assert parse_instant(print_instant(instant)) == instant


@pytest.mark.parametrize(
    "text",
    [
        *("0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "2017-06-30", "2017-06-30T00:00:00", "2017-02-30T00:00:00Z"),
        *("20170630T000000Z", "2017-W01-1T00:00:00Z", "2017-06-30T24:01:00Z", "2017-06-30T00:00:60Z"),
        *("2017-06-30T00:00:00+25:00", "", 5, None, True, ["x"]),
    ],
)
def test_what_is_no_instant_is_refused(text: Any) -> None:
    """BAD_REQUEST, whatever it is."""
    with pytest.raises(ApiError) as refused:
        parse_instant(text)
    assert refused.value.extensions == {"code": Code.BAD_REQUEST}


def test_the_ends_of_the_calendar_are_instants() -> None:
    """The first and the last one are moved by a microsecond, since the driver takes them for infinities."""
    assert parse_instant("0001-01-01T00:00:00Z") > datetime.min.replace(tzinfo=UTC)
    assert parse_instant("9999-12-31T23:59:59.999999Z") < datetime.max.replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["0000-01-01", "2017-02-29", "2017-1-1", "20170101", "", 20170101, None])
def test_what_is_no_day_is_refused(text: Any) -> None:
    """BAD_REQUEST, whatever it is."""
    with pytest.raises(ApiError):
        parse_date(text)
    assert parse_date("2016-02-29") == date(2016, 2, 29)


@pytest.mark.parametrize(
    "value", ["", "1.5", "1e3", "٣", " 1", "9223372036854775808", 2**63, -(2**63), 1.5, True, None, "9" * 5_000]
)
def test_what_is_no_bigint_is_refused(value: Any) -> None:
    """BAD_REQUEST, whatever it is."""
    with pytest.raises(ApiError):
        parse_bigint(value)


@pytest.mark.parametrize(("value", "number"), [("-5", -5), ("9223372036854775807", 2**63 - 1), (7, 7), ("007", 7)])
def test_bigints(value: Any, number: int) -> None:
    """Digits, as text or as a JSON number."""
    assert parse_bigint(value) == number


@given(st.text() | st.integers() | st.floats() | st.none() | st.booleans() | st.lists(st.text()))
def test_nothing_breaks_a_parser(value: Any) -> None:
    """Whatever is sent is taken or is an ApiError."""
    for parse in PARSERS:
        assert _code_of(parse, value) in (None, Code.BAD_REQUEST)


def _code_of(parse: Callable[[Any], Any], value: Any) -> str | None:
    try:
        parse(value)
    except ApiError as refused:
        return str((refused.extensions or {})["code"])
    return None


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "a\udfff"])
def test_text_that_postgresql_cannot_hold_is_refused(text: str) -> None:
    """NUL and halves of surrogate pairs."""
    with pytest.raises(ApiError):
        parse_text(text)
