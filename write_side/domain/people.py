"""What leads and contacts have in common: a person's details, and free attributes."""

from collections.abc import Mapping
from typing import Annotated, Any, Protocol

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import asdict, replace

from event_schemas.people import MAX_ATTRIBUTES, Attribute, Attributes, Person, PersonChange
from event_schemas.values import Name
from write_side.domain.errors import Rejected
from write_side.domain.phones import e164

GivenEmail = Annotated[
    str,
    msgspec.Meta(min_length=3, max_length=254, pattern=r"^\s*[^\s@\x00\ud800-\udfff]+@[^\s@\x00\ud800-\udfff]+\s*$"),
]
"""An e-mail address, perhaps with spaces around it."""

GivenPhone = Annotated[
    str,
    msgspec.Meta(
        min_length=1, max_length=50, pattern=r"^[^\x00\ud800-\udfff]*[^\s\x00\ud800-\udfff][^\x00\ud800-\udfff]*$"
    ),
]
"""A phone number, however it is written."""

DETAILS = ("name", "job_title", "email", "phone")
"""What commands say of a person."""
NOBODY = Person()


class AttributeNamedTwice(Rejected):
    """A command names each free attribute at most once."""

    field = "attributes"


class TooManyAttributes(Rejected):
    """A lead or contact has at most 200 free attributes."""

    field = "attributes"


class Details(Protocol):
    """A command that says who somebody is; UNSET or absent from a change: not said."""

    @property
    def name(self) -> Name | None | UnsetType:
        """What they are called."""

    @property
    def job_title(self) -> Name | None | UnsetType:
        """What they do."""

    @property
    def email(self) -> GivenEmail | None | UnsetType:
        """Where they get mail."""

    @property
    def phone(self) -> GivenPhone | None | UnsetType:
        """Where they can be called."""


def person_of(command: Details) -> Person:
    """The person whom a command that begins something describes."""
    phone = _bare(command.phone)
    return Person(
        name=command.name or None,
        job_title=command.job_title or None,
        email=_bare(command.email),
        phone=phone,
        phone_e164=e164(phone) if phone is not None else None,
    )


def _bare(text: str | None | UnsetType) -> str | None:
    """Without the spaces around it; nothing said is nothing known."""
    return text.strip() if text else None


def _given(command: Details) -> dict[str, Any]:
    given = {field: value for field in DETAILS if (value := getattr(command, field)) is not UNSET}
    for field in ("email", "phone"):
        if given.get(field) is not None:
            given[field] = given[field].strip()
    return given


def is_same(one: Person, other: Person) -> bool:
    """Whether both say the same of a person. The form of a number is not compared: numbering plans change."""
    return replace(one, phone_e164=None) == replace(other, phone_e164=None)


def is_identified(person: Person, external_id: Name | None) -> bool:
    """Whether there is anything by which the person can be told from others."""
    return any((person.name, person.email, person.phone, external_id))


def change_of(command: Details, now: Person) -> PersonChange | UnsetType:
    """What a command changes about a person; UNSET: nothing."""
    changed = {field: value for field, value in _given(command).items() if value != getattr(now, field)}
    if "phone" in changed:
        form = e164(changed["phone"]) if changed["phone"] is not None else None
        changed |= {"phone_e164": form} if form != now.phone_e164 else {}
    return PersonChange(**changed) if changed else UNSET


def lacking(now: Person, other: Person) -> PersonChange | UnsetType:
    """What only the other one knows; a number comes with its form."""
    taken = {field: getattr(other, field) for field in DETAILS if getattr(now, field) is None}
    if "phone" in taken:
        taken["phone_e164"] = other.phone_e164
    taken = {field: value for field, value in taken.items() if value is not None}
    return PersonChange(**taken) if taken else UNSET


def with_change(now: Person, change: PersonChange | None | UnsetType) -> Person:
    """The person after a change; None (it was erased) changes nothing."""
    if change is None or change is UNSET:
        return now
    return replace(now, **{field: value for field, value in asdict(change).items() if value is not UNSET})


def attributes_of(given: Attributes | None) -> Attributes:
    """The attributes that something begins with; raises AttributeNamedTwice."""
    return tuple([one for one in _named_once(given or ()) if one.value is not None])


def attribute_changes(given: Attributes | UnsetType, now: Attributes) -> Attributes | UnsetType:
    """What a command changes about the attributes; UNSET: nothing. Raises AttributeNamedTwice, TooManyAttributes."""
    if given is UNSET:
        return UNSET
    known = _by_name(now)
    changes = tuple(one for one in _named_once(given) if one.value != known.get(one.name))
    if len(with_attributes(now, changes)) > MAX_ATTRIBUTES:
        raise TooManyAttributes(f"there can be {MAX_ATTRIBUTES} attributes: take others away first, by null")
    return changes or UNSET


def lacking_attributes(now: Attributes, other: Attributes) -> Attributes | UnsetType:
    """What only the other one has, as far as there is room."""
    known = _by_name(now)
    return tuple(one for one in other if one.name not in known)[: MAX_ATTRIBUTES - len(now)] or UNSET


def with_attributes(now: Attributes, changes: Attributes | None | UnsetType) -> Attributes:
    """The attributes after changes; None (they were erased) changes nothing."""
    if not changes:
        return now
    merged = {**_by_name(now), **_by_name(changes)}
    return tuple(Attribute(name, value) for name, value in merged.items() if value is not None)


def _by_name(attributes: Attributes) -> Mapping[str, str | None]:
    return {one.name: one.value for one in attributes}


def _named_once(given: Attributes) -> Attributes:
    if len({one.name for one in given}) == len(given):
        return given
    seen: set[str] = set()
    for one in given:
        if one.name in seen:
            raise AttributeNamedTwice(f"attribute {one.name!r} is given twice: give each name once")
        seen.add(one.name)
    return given
