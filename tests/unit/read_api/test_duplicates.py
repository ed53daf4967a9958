"""How likely two people are the same."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from read_api.duplicates import LIKELY, Match, Person, compare, folded, group_of

ONE, TWO, THREE, FOUR = (UUID(int=number) for number in range(1, 5))
ACME = UUID(int=9)


def person(name: str | None = None, **known: Any) -> Person:
    """Somebody of whom this is known."""
    return Person(id=ONE, words=folded(name), **known)


CASES: list[tuple[Person, Person, float | None, tuple[str, ...]]] = [
    (person("Ada Lovelace"), person("LOVELACE, Ada"), 0.6, ("same name",)),
    (person("Zoë Müller"), person("zoe muller"), 0.6, ("same name",)),
    (person("Ada Lovelace"), person("Ada Lovelase"), 0.46, ()),
    (
        person("Ada Lovelace", company="acme"),
        person("Ada Lovelase", company="acme"),
        0.65,
        ("similar name (92%)", "same company"),
    ),
    (
        person("Ada Lovelace", accounts=frozenset({ACME})),
        person("Ada Lovelace", accounts=frozenset({ACME, ONE})),
        0.74,
        ("same name", "same company"),
    ),
    (person("Ada Lovelace", company="acme"), person("Bob Byron", company="acme"), None, ()),
    (person(email="a@x.org"), person(email="a@x.org"), 0.95, ("same e-mail address",)),
    (
        person("Ada", email="a@x.org", phone_e164="+1", phone_block="1"),
        person("Ada", email="a@x.org", phone_e164="+1", phone_block="1"),
        1.0,
        ("same e-mail address", "same phone number", "same name"),
    ),
    (
        person(phone_e164="+14155550123", phone_block="155550123"),
        person(phone_e164="+14155550123", phone_block="155550123"),
        0.85,
        ("same phone number",),
    ),
    (
        person(phone_block="155550123"),
        person(phone_block="155550123", phone_e164="+14155550123"),
        0.7,
        ("same digits of the phone number",),
    ),
    (
        person(phone_block="155550123", phone_e164="+4155550123"),
        person(phone_block="155550123", phone_e164="+14155550123"),
        None,
        (),
    ),
    (
        person("Ada Lovelace", phone_e164="+1", phone_block="1"),
        person("Bob Byron", phone_e164="+1", phone_block="1"),
        0.51,
        ("same phone number",),
    ),
    (person("Ada Lovelace", phone_block="1234567"), person("Bob Byron", phone_block="1234567"), None, ()),
    (person(), person(), None, ()),
]


@pytest.mark.parametrize(("one", "other", "score", "reasons"), CASES)
def test_reasons_add_up(one: Person, other: Person, score: float | None, reasons: tuple[str, ...]) -> None:
    """Each says something; a company in common says something only beside another; other names speak against it."""
    match = compare(one, other)
    assert match == (None if score is None or score < LIKELY else Match(score, reasons))


TEXTS = st.sampled_from(["", "Ada Lovelace", "A. Lovelace", "Lovelace Ada", "Bob"])
PEOPLE = st.builds(
    person,
    TEXTS,
    email=st.sampled_from([None, "a", "b"]),
    phone_e164=st.sampled_from([None, "+1", "+2"]),
    phone_block=st.sampled_from(["1", "2"]),
    company=st.sampled_from(["", "acme"]),
    accounts=st.frozensets(st.sampled_from([ONE, TWO])),
)


@given(PEOPLE, PEOPLE)
def test_it_does_not_matter_who_is_compared_with_whom(one: Person, other: Person) -> None:
    """The same either way, never below what is likely, never more than certain."""
    match = compare(one, other)
    assert match == compare(other, one)
    assert match is None or (LIKELY <= match.score <= 1 and match.reasons)


@given(PEOPLE, PEOPLE)
def test_more_in_common_is_never_less_likely(one: Person, other: Person) -> None:
    """Where an address becomes the same, the score does not fall."""
    before = compare(one, other)
    same = compare(
        Person(id=ONE, words=one.words, email="c", company=one.company, accounts=one.accounts),
        Person(id=TWO, words=other.words, email="c", company=other.company, accounts=other.accounts),
    )
    assert same is not None
    assert before is None or "phone" in "".join(before.reasons) or same.score >= before.score


def test_a_group_is_all_who_hang_together() -> None:
    """Its score is that of the member who hangs on it the least; who is like none of them is in none."""
    strong, weak = Match(0.95, ("same e-mail address",)), Match(0.6, ("same name",))
    matches = {
        ONE: {TWO: strong, THREE: weak},
        TWO: {ONE: strong},
        THREE: {ONE: weak},
        FOUR: {},
    }
    group = group_of(TWO, matches)
    assert (group.members, group.score) == ((ONE, TWO, THREE), 0.6)
    assert group.reasons == ("same e-mail address", "same name")
    assert group_of(THREE, matches) == group
