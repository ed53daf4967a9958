"""The quick way to a phone number's form, beside the way of the phonenumbers library."""

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from write_side.domain.phones import e164

CODES = sorted(COUNTRY_CODE_TO_REGION_CODE)
CODES_OR_NONE = st.sampled_from(CODES) | st.integers(1, 999)
BETWEEN = st.sampled_from(
    ["", "", "", " ", " ", "-", ".", " (", ") ", "()", "/", "  ", " - ", "x", "\u00a0", "\n", "#"]
)


def by_the_library(phone: str) -> str | None:
    """The form, if it is a possible number."""
    try:
        number = phonenumbers.parse(phone, None)
    except phonenumbers.NumberParseException:
        return None
    possible = phonenumbers.is_possible_number(number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if possible else None


@st.composite
def written(draw: st.DrawFn) -> str:
    """Numbers as people write them, of all countries and of none, right and wrong."""
    digits = f"{draw(CODES_OR_NONE)}{draw(st.from_regex('[0-9]{1,18}', fullmatch=True))}"
    between = draw(st.lists(BETWEEN, min_size=len(digits), max_size=len(digits)))
    text = "+" + "".join(digit + other for digit, other in zip(digits, between, strict=True))
    return text if draw(st.booleans()) else text.rstrip(" -./(")


@settings(max_examples=2000)
@given(written())
@example("+49 (0)30 1234567")
@example("+39 06 698 57 022")
@example("+1 1415 555 0123")
def test_the_quick_way_says_what_the_library_says(phone: str) -> None:
    """Of every number, however it is written."""
    assert e164(phone) == by_the_library(phone)


@pytest.mark.parametrize("first", ["", "0", "1", "5", "8", "00", "15", "44", "99"])
def test_it_says_so_for_every_country_and_length(first: str) -> None:
    """Also where a country strips what is dialled before its numbers."""
    for code in CODES:
        for length in range(18):
            phone = f"+{code}{first}{'2345678901234567890'[:length]}"
            assert e164(phone) == by_the_library(phone), phone
