"""What documents of persons share. Personal data that was erased comes as null: nothing is said of it any more."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from event_schemas.people import Attribute, Person, PersonChange, normal_email
from projections.documents.document import given


class NamedValue(msgspec.Struct, frozen=True, gc=False):
    """A free attribute that is there."""

    name: str
    value: str


def known(person: Person | None) -> dict[str, Any]:
    """What is known of a person at first, as documents name it."""
    return {} if person is None else _named(msgspec.structs.asdict(person))


def changed(person: PersonChange | None | UnsetType) -> dict[str, Any]:
    """What changed about a person, as documents name it."""
    return {} if person is None or person is UNSET else _named(given(person))


def with_attributes(
    before: tuple[NamedValue, ...], changes: Iterable[Attribute] | None | UnsetType
) -> tuple[NamedValue, ...]:
    """The attributes after some were set and some taken away, in the order in which they were first named."""
    if changes is None or isinstance(changes, UnsetType):
        return before
    values: dict[str, str | None] = {one.name: one.value for one in before}
    values |= {one.name: one.value for one in changes}
    return tuple(NamedValue(name, value) for name, value in values.items() if value is not None)


def _named(fields: dict[str, Any]) -> dict[str, Any]:
    if "name" in fields:
        fields["person_name"] = fields.pop("name")
    if "email" in fields:
        fields["email_normal"] = None if fields["email"] is None else normal_email(fields["email"])
    return fields
