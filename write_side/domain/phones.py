"""Phone numbers in their one international form."""

import re
from functools import cache
from typing import NamedTuple

import phonenumbers
from phonenumbers import PhoneMetadata

from event_schemas.people import E164

_INTERNATIONAL = re.compile(r"^[\s(]*00")
_PLAIN = re.compile(r"\+[1-9](?:[ .()-]{0,3}[0-9])+", re.ASCII)
"""A plus, digits, and what is usual between them: no extension, no letters, nothing after the last digit."""
_BETWEEN = str.maketrans("", "", "+ .()-")
_LONGEST_CODE = 3


class _Plan(NamedTuple):
    """What a country says of its numbers."""

    lengths: frozenset[int]
    """Possible numbers of digits, within an area too."""
    prefix: re.Pattern[str] | None
    """What is dialled before a number in the country itself, and is no part of it."""


def e164(phone: str) -> E164 | None:
    """The one form of a number that says its country (by + or 00), or None where it cannot be told."""
    if _PLAIN.fullmatch(phone) is None:
        return _parsed(phone)
    digits = phone.translate(_BETWEEN)
    for size in range(1, _LONGEST_CODE + 1):
        if (plan := _plan(digits[:size])) is not None:
            national = digits[size:]
            if len(national) not in plan.lengths or (plan.prefix is not None and plan.prefix.match(national)):
                break
            return f"+{digits}"
    return _parsed(phone)


def _parsed(phone: str) -> E164 | None:
    """However it is written, at ten times the cost."""
    try:
        number = phonenumbers.parse(_INTERNATIONAL.sub("+", phone), None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@cache
def _plan(code: str) -> _Plan | None:
    """Of a country code; None: there is no such code. tests/unit/domain/test_phones.py holds both ways together."""
    region = phonenumbers.region_code_for_country_code(int(code))
    known = PhoneMetadata.metadata_for_region_or_calling_code(int(code), region)
    if known is None or (described := known.general_desc) is None:
        return None
    prefix = known.national_prefix_for_parsing
    lengths = frozenset((*described.possible_length, *described.possible_length_local_only))
    return _Plan(lengths, re.compile(prefix) if prefix else None)
