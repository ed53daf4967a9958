"""Wire name and version <-> event class. A duplicate name or class fails at import."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all events: facts in the past tense. Their fields are named as those of the entity that they change."""


class EventType(msgspec.Struct, frozen=True):
    """What the registry knows about one kind of event."""

    name: str
    version: int
    cls: type[Event]
    entity_field: str | None
    """The field that names the entity, for a stream that holds many; None where the stream's own id is the entity."""
    bookkeeping: bool
    """True for events that no view reads and that do not count in the entity's version."""
    personal: tuple[str, ...]
    """The fields that are stored as ciphertext, under the key of the person whose data they are."""
    subject_field: str | None
    """The field that names this person; None where it is the entity itself."""


class UnknownEventType(LookupError):
    """No class is registered for a wire name."""


_by_name: dict[str, EventType] = {}
_by_class: dict[type[Event], EventType] = {}

E = TypeVar("E", bound=Event)


def event(
    name: str,
    *,
    version: int = 1,
    entity_field: str | None = None,
    bookkeeping: bool = False,
    personal: tuple[str, ...] = (),
    subject_field: str | None = None,
) -> Callable[[type[E]], type[E]]:
    """Register an event class under its immutable wire name at its current version."""

    def register(cls: type[E]) -> type[E]:
        if name in _by_name:
            raise ValueError(f"event {name!r} is registered twice: {_by_name[name].cls.__name__} and {cls.__name__}")
        if cls in _by_class:
            raise ValueError(f"{cls.__name__} is registered twice: {_by_class[cls].name!r} and {name!r}")
        entry = EventType(name, version, cls, entity_field, bookkeeping, personal, subject_field)
        _by_name[name] = entry
        _by_class[cls] = entry
        return cls

    return register


def of_name(name: str) -> EventType:
    """The entry of a wire name; raises UnknownEventType."""
    try:
        return _by_name[name]
    except KeyError:
        raise UnknownEventType(f"no event is registered as {name!r}") from None


def of_class(cls: type[Event]) -> EventType:
    """The entry of an event class; raises UnknownEventType."""
    try:
        return _by_class[cls]
    except KeyError:
        raise UnknownEventType(f"{cls.__name__} is not a registered event") from None


def all_types() -> Iterator[EventType]:
    """Every registered type, in the order of wire names. Importing ``event_schemas.catalog`` registers all."""
    return iter(sorted(_by_name.values(), key=lambda entry: entry.name))
