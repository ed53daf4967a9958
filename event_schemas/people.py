"""What is known of a person, and what else is free to name. Personal data is sealed wherever an event carries it."""

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from event_schemas.values import Name, Text

MAX_ATTRIBUTES = 200

# To Python, unlike ECMAScript, $ is also before a last line feed: hence (?!\n).
Email = Annotated[
    str,
    msgspec.Meta(min_length=3, max_length=254, pattern=r"^[^\s@\x00\ud800-\udfff]+@[^\s@\x00\ud800-\udfff]+$(?!\n)"),
]
"""An e-mail address as it was given, without spaces around it."""

Phone = Annotated[str, msgspec.Meta(min_length=1, max_length=50, pattern=r"^[^\x00\ud800-\udfff]*$")]
"""A phone number as it was given."""

E164 = Annotated[str, msgspec.Meta(max_length=16, pattern=r"^\+[1-9][0-9]{1,14}$(?!\n)")]
"""A phone number in the one international form, such as +14155550123."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A person outside the tenant, as far as we know them."""

    name: Name | None = None
    job_title: Name | None = None
    email: Email | None = None
    phone: Phone | None = None
    phone_e164: E164 | None = None
    """Of ``phone``, when it was decided; numbering plans change, the event does not."""


class PersonChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What changed about a person; null empties a field."""

    name: Name | None | UnsetType = UNSET
    job_title: Name | None | UnsetType = UNSET
    email: Email | None | UnsetType = UNSET
    phone: Phone | None | UnsetType = UNSET
    phone_e164: E164 | None | UnsetType = UNSET


class Attribute(msgspec.Struct, frozen=True):
    """A free attribute that the platform has no field for; null takes it away."""

    name: Name
    value: Text | None


Attributes = Annotated[tuple[Attribute, ...], msgspec.Meta(max_length=MAX_ATTRIBUTES)]
"""Each name at most once."""


def normal_email(email: str) -> str:
    """The form in which two spellings of one address are the same: case does not count."""
    return email.strip().casefold()
