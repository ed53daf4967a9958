"""Cursors are what they were, or are refused."""

import base64
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from read_api.cursors import Cursor, decode, encode
from read_api.errors import ApiError, Code

FIRST, LAST = datetime.fromisoformat("0001-01-02"), datetime.fromisoformat("9999-12-30")
INSTANTS = st.datetimes(min_value=FIRST, max_value=LAST, timezones=st.just(UTC))
KEYS: dict[str, st.SearchStrategy[Any]] = {
    "text": st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=200),
    "bigint": st.integers(-(2**63) + 1, 2**63 - 1),
    "date": st.dates(),
    "timestamptz": INSTANTS,
}
PLACE = Cursor(7, None, datetime(2026, 1, 1, tzinfo=UTC), UUID(int=5), "name")


@given(
    st.data(),
    st.sampled_from(sorted(KEYS)),
    st.integers(0, 2**63 - 1),
    st.none() | INSTANTS,
    INSTANTS,
    st.none() | st.uuids(),
)
def test_what_is_encoded_is_decoded(
    data: st.DataObject, kind: str, position: int, occurred: datetime | None, at: datetime, identity: UUID | None
) -> None:
    """A cursor of any place in any list survives being text."""
    cursor = Cursor(position, occurred, at, identity, data.draw(KEYS[kind]))
    assert decode("deals", "NAME_ASC", kind, encode("deals", "NAME_ASC", kind, cursor)) == cursor


@given(st.sampled_from([kind for kind in sorted(KEYS) if kind != "text"]), st.booleans(), st.uuids())
def test_a_key_may_be_null(kind: str, is_pinned: bool, identity: UUID) -> None:
    """Where the sort allows it, a null survives; where it does not, it is refused."""
    at = PLACE.asked_at if is_pinned else None
    text = encode("leads", "X_ASC", kind, Cursor(1, at, PLACE.asked_at, identity, None))
    assert decode("leads", "X_ASC", kind, text, nullable=True) == Cursor(1, at, PLACE.asked_at, identity, None)
    with pytest.raises(ApiError):
        decode("leads", "X_ASC", kind, text)


@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()), st.sampled_from(sorted(KEYS)))
def test_garbage_is_refused(text: str, kind: str) -> None:
    """No text makes it fail in any other way than INVALID_CURSOR."""
    with pytest.raises(ApiError) as refused:
        decode("deals", "NAME_ASC", kind, text)
    assert refused.value.extensions == {"code": Code.INVALID_CURSOR}


@given(
    st.lists(
        st.sampled_from(["1", "deals", "NAME_ASC", "7", "-1", "", "x", "\0", str(UUID(int=5)), "9" * 19, "9" * 30]),
        max_size=10,
    )
)
def test_a_forged_cursor_is_read_or_refused(parts: list[str]) -> None:
    """Fields of a cursor in any order are a cursor, or INVALID_CURSOR."""
    text = base64.urlsafe_b64encode("|".join(["1", "deals", "NAME_ASC", *parts]).encode()).decode().rstrip("=")
    for kind in KEYS:
        assert _code_of(kind, text) in (None, Code.INVALID_CURSOR)


def _code_of(kind: str, text: str) -> str | None:
    try:
        decode("deals", "NAME_ASC", kind, text)
    except ApiError as refused:
        return str((refused.extensions or {})["code"])
    return None


@pytest.mark.parametrize(
    ("listing", "sort"), [("accounts", "NAME_ASC"), ("deals", "NAME_DESC"), ("Account.deals", "NAME_ASC")]
)
def test_a_cursor_belongs_to_its_list_and_sort(listing: str, sort: str) -> None:
    """In another list or order it is refused."""
    with pytest.raises(ApiError):
        decode(listing, sort, "text", encode("deals", "NAME_ASC", "text", PLACE))


def test_too_long_a_cursor_is_refused() -> None:
    """Nothing of unbounded length is decoded."""
    with pytest.raises(ApiError):
        decode(
            "deals",
            "NAME_ASC",
            "text",
            encode("deals", "NAME_ASC", "text", Cursor(7, None, PLACE.asked_at, None, "x" * 9_000)),
        )


def test_the_first_and_last_days_are_keys() -> None:
    """Dates and instants at the ends of the calendar survive."""
    for key in (date.min, date.max):
        cursor = Cursor(1, None, PLACE.asked_at, None, key)
        assert decode("deals", "X_ASC", "date", encode("deals", "X_ASC", "date", cursor)) == cursor
    assert PLACE.asked_at - timedelta(days=1) < PLACE.asked_at
