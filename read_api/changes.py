"""What an event changed, field by field, told from the events alone."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec import UNSET

from event_schemas.envelope import Recorded
from event_schemas.people import Person, PersonChange
from event_schemas.pipeline import PipelineDefined
from event_schemas.registry import Event, of_class
from read_api.change_names import IMPLIED, RENAMED, UNSHOWN, derived
from read_api.changed_lists import LISTS, with_attributes
from read_api.plain_values import camel, plain

Json = Any

_PERSON = ("name", "job_title", "email", "phone")
"""What is told of a person: the international form follows from the phone number."""


class Change(NamedTuple):
    """A field of the entity, named as in the API, with its value before and after as JSON."""

    field: str
    before: Json
    after: Json


class EntityChanges:
    """One entity's fields as its events, given in order, leave them."""

    def __init__(self) -> None:
        self._values: dict[str, Json] = {}

    def apply(self, recorded: Recorded[Event]) -> tuple[Change, ...]:
        """What this event changed; a field that it leaves as it was is not in the answer.

        What was erased is null before and after.
        """
        found = []
        for field, after in self._touched(recorded.event):
            before = self._values.get(field)
            self._values[field] = after
            if before != after:
                found.append(Change(camel(field), before, after))
        return (*found, *_erased(recorded))

    def _touched(self, event: Event) -> Iterator[tuple[str, Json]]:
        entry = of_class(type(event))
        if (changed := LISTS.get(type(event))) is not None:
            if isinstance(event, PipelineDefined):
                yield from (("name", event.name), ("currency", event.currency))
            field, change = changed
            yield field, change(event, self._values.get(field) or [])
            return
        for name in event.__struct_fields__:
            if name != entry.entity_field and (entry.name, name) not in UNSHOWN:
                yield from self._field(entry.name, name, getattr(event, name))
        yield from derived(event).items()
        yield from IMPLIED.get(entry.name, {}).items()

    def _field(self, event: str, name: str, value: Any) -> Iterator[tuple[str, Json]]:
        """The fields of the entity that a field of the payload is about."""
        match value:
            case _ if value is UNSET:
                return
            case Person() | PersonChange():
                given = ((part, getattr(value, part)) for part in _PERSON)
                yield from ((part, plain(each)) for part, each in given if each is not UNSET)
            case None if name in ("person", "attributes"):
                return  # nothing was said, or it was erased
            case _ if name == "attributes":
                yield name, with_attributes(self._values.get(name) or [], value)
            case _:
                yield RENAMED.get((event, name), name), plain(value)


def _erased(recorded: Recorded[Event]) -> Iterator[Change]:
    """Sealed fields that nobody can open any more."""
    for name in recorded.meta.sealed:
        if getattr(recorded.event, name, None) is None:
            yield Change(camel(RENAMED.get((recorded.meta.type, name), name)), None, None)
