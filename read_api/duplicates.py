"""How likely two people are the same, and why. Pure: what is compared was found by read_api.duplicate_search."""

from collections.abc import Mapping
from uuid import UUID

import msgspec
from rapidfuzz import fuzz

from event_schemas.folding import words

LIKELY = 0.5
"""Matches below this are none."""
SAME_EMAIL, SAME_PHONE, SAME_DIGITS, SAME_NAME, SAME_COMPANY = 0.95, 0.85, 0.7, 0.6, 0.35
"""How likely each alone makes it that two are the same."""
SIMILAR, DIFFERENT = 0.8, 0.5
"""From this similarity on two names count as similar; below that, they speak against the rest."""
DOUBT = 0.6
"""What is left of a match of two who are called differently."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What is compared of a lead or a contact."""

    id: UUID
    words: str
    """Of the name, folded and sorted, so that their order does not count; "" where there is none."""
    email: str | None = None
    """In its normal form."""
    phone_e164: str | None = None
    phone_block: str | None = None
    """Its last digits; there when the number is."""
    company: str = ""
    """Folded."""
    accounts: frozenset[UUID] = frozenset()


class Match(msgspec.Struct, frozen=True):
    """That two are the same: how likely, 0 to 1, and why."""

    score: float
    reasons: tuple[str, ...]


class Group(msgspec.Struct, frozen=True):
    """Some who are probably all the same; each is like another one with at least this score."""

    members: tuple[UUID, ...]
    score: float
    reasons: tuple[str, ...]


Matches = Mapping[UUID, Mapping[UUID, Match]]
"""Of each, who is like them."""


def folded(text: str | None) -> str:
    """In the form in which names are compared."""
    return " ".join(sorted(words(text or "")))


def compare(one: Person, other: Person) -> Match | None:
    """How likely they are the same, or None when that is not worth telling."""
    alike = fuzz.ratio(one.words, other.words) / 100 if one.words and other.words else None
    found = _reached(one, other)
    if not found and (alike is None or alike < SIMILAR):
        return None  # as most of those who are compared
    found += _named(alike)
    if _work_together(one, other):
        found.append((SAME_COMPANY, "same company"))
    unlikely = 1.0
    for chance, _ in found:
        unlikely *= 1 - chance
    score = (1 - unlikely) * (DOUBT if alike is not None and alike < DIFFERENT else 1)
    return Match(round(score, 2), tuple(reason for _, reason in found)) if score >= LIKELY else None


def _reached(one: Person, other: Person) -> list[tuple[float, str]]:
    found = []
    if one.email is not None and one.email == other.email:
        found.append((SAME_EMAIL, "same e-mail address"))
    if one.phone_block is not None and one.phone_block == other.phone_block:
        if one.phone_e164 is None or other.phone_e164 is None:
            found.append((SAME_DIGITS, "same digits of the phone number"))
        elif one.phone_e164 == other.phone_e164:
            found.append((SAME_PHONE, "same phone number"))
    return found


def _named(alike: float | None) -> list[tuple[float, str]]:
    if alike is None or alike < SIMILAR:
        return []
    if alike == 1:
        return [(SAME_NAME, "same name")]
    return [(SAME_NAME * (alike - 0.65) / 0.35, f"similar name ({alike:.0%})")]


def _work_together(one: Person, other: Person) -> bool:
    return bool(one.accounts & other.accounts) or (one.company != "" and one.company == other.company)


def group_of(member: UUID, matches: Matches) -> Group:
    """All who are like somebody who is like them, and so on."""
    members, waiting = {member}, [member]
    while waiting:
        for other in matches.get(waiting.pop(), {}):
            if other not in members:
                members.add(other)
                waiting.append(other)
    links = [matches[one] for one in members if matches.get(one)]
    score = min(max(match.score for match in link.values()) for link in links)
    reasons = sorted({reason for link in links for match in link.values() for reason in match.reasons})
    return Group(tuple(sorted(members)), score, tuple(reasons))
