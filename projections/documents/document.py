"""What the documents of all kinds share: how one moves on, and what an event that does not fit means."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from event_schemas.envelope import Recorded
from event_schemas.registry import Event, of_class
from event_schemas.streams import Position


class Unfoldable(ValueError):
    """The event cannot follow what its stream held before."""


class Document(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The whole of an entity as readers see it after its newest event. Fields are named as the columns of its list."""

    version: int
    """How many events made it; bookkeeping does not count."""
    position: Position
    """Where in the log the last of them stands."""


D = TypeVar("D", bound=Document)
T = TypeVar("T")


def advance(document: D, recorded: Recorded[Event], **fields: Any) -> D:
    """The document after one more event, with these fields changed."""
    return msgspec.structs.replace(document, version=document.version + 1, position=recorded.position, **fields)


def unchanged(document: D | None, recorded: Recorded[Event]) -> D | None:
    """The document as it was after bookkeeping; raises Unfoldable after any other event, which has no place here."""
    if of_class(type(recorded.event)).bookkeeping:
        return document
    state = "nothing" if document is None else f"version {document.version}"
    raise Unfoldable(f"{recorded.meta.type} cannot follow {state} of {recorded.meta.stream}")


def given(event: msgspec.Struct) -> dict[str, Any]:
    """What an event of changes says: its fields without those that are not in it."""
    return {name: value for name, value in msgspec.structs.asdict(event).items() if value is not msgspec.UNSET}


def with_part(parts: tuple[T, ...], part: T, identity: Callable[[T], object]) -> tuple[T, ...]:
    """The parts with this one in the place of the one that is the same, or at the end."""
    return tuple(({identity(one): one for one in parts} | {identity(part): part}).values())
