"""Phone numbers, and the changes of a person that leads and contacts share."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_schemas.people import Attribute, Person, PersonChange
from tests.support.structs import CHARACTERS
from write_side.domain import people
from write_side.domain.lead_commands import AddLeadNote, CaptureLead
from write_side.domain.phones import e164

NUMBERS = {
    "+1 (415) 555-0123": "+14155550123",
    "0041 44 668 18 00": "+41446681800",
    "(+41) 44 668 18 00": "+41446681800",
    "(0041) 44/668.18.00": "+41446681800",
    "+41446681800 ext 5": "+41446681800",
    "\uff0b41 44 668 18 00": "+41446681800",
    "+39 06 698 57 022": "+390669857022",
    "044 668 18 00": None,
    "4155550123": None,
    "+999 123 456": None,
    "+1 415": None,
    "+": None,
    "00": None,
    "call reception": None,
}


@pytest.mark.parametrize(("written", "form"), NUMBERS.items())
def test_numbers_of_a_country_have_one_form(written: str, form: str | None) -> None:
    """By + or 00; of any other number, the country cannot be told."""
    assert e164(written) == form


@given(st.text(CHARACTERS, min_size=1, max_size=50) | st.from_regex(r"[+0(]{1,3}[0-9 ()./-]{1,40}", fullmatch=True))
def test_whatever_is_written_has_a_form_that_fits_or_none(written: str) -> None:
    """What comes out can be stored, and is a form of itself."""
    form = e164(written)
    if form is not None:
        msgspec.convert({"phone_e164": form}, Person)
        assert e164(form) == form


PERSONS = st.builds(
    Person,
    **{name: st.sampled_from([None, "a", "b"]) for name in ("name", "job_title")},
    email=st.sampled_from([None, "a@x.org", "b@x.org"]),
    phone=st.sampled_from([None, "1"]),
)


@given(PERSONS, PERSONS)
def test_a_person_lacks_nothing_that_the_other_has_known(one: Person, other: Person) -> None:
    """After taking over what is lacking, nothing more is; and what was there is as it was."""
    after = people.with_change(one, people.lacking(one, other))
    assert people.lacking(after, other) is msgspec.UNSET
    for field in people.DETAILS:
        assert getattr(after, field) == (getattr(one, field) or getattr(other, field))


def test_what_was_erased_changes_nothing() -> None:
    """Neither a person nor attributes."""
    known = Person(name="Ada")
    assert people.with_change(known, None) == people.with_change(known, PersonChange()) == known
    attributes = (Attribute("a", "1"),)
    assert people.with_attributes(attributes, None) == people.with_attributes(attributes, msgspec.UNSET) == attributes


def test_taking_over_stops_at_the_limit() -> None:
    """A merged lead's attributes fill up what room there is."""
    own = tuple(Attribute(f"a{number}", "1") for number in range(199))
    taken = people.lacking_attributes(own, (Attribute("a0", "2"), Attribute("b", "1"), Attribute("c", "1")))
    assert taken == (Attribute("b", "1"),)
    assert people.lacking_attributes((*own, Attribute("b", "1")), (Attribute("c", "1"),)) is msgspec.UNSET


@pytest.mark.parametrize("email", ["a", "@", "a@", "@b", "a b@c", "a@b@c", "  ", "a@b\0", "a@" + "b" * 253])
def test_what_is_no_address_is_no_address(email: str) -> None:
    """Exactly one @, something on both sides, no spaces inside."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"id": "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed", "email": email}, CaptureLead)


def test_a_note_says_something() -> None:
    """Blank ones are refused by their type, as are blank numbers."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"id": "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed", "text": " \n"}, AddLeadNote)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"id": "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed", "phone": "  "}, CaptureLead)
