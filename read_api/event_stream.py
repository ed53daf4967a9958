"""A tenant's events, read from the log in the order of positions, as far as somebody may and wants to see them."""

import logging
from collections.abc import AsyncGenerator, Collection, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec

from event_schemas import catalog
from event_schemas.codec import UndecodableEvent, decode, decode_metadata
from event_schemas.envelope import Metadata, StoredEvent
from event_schemas.ports import EventFilter, EventLog
from event_schemas.registry import UnknownEventType, all_types, of_name
from event_schemas.streams import Position, TenantId
from read_api.errors import bad_request

CHUNK: Final = 100
"""Events that a reader holds at most, however slow whoever it reads for is."""
WINDOW: Final = 100_000
"""Positions that one statement walks over at most, whoever's events they are."""
_INTERNAL: Final = "email."
"""How addresses are reserved is nobody's business; what a contact's address is, the contact's events say."""
_OWN: Final = "saved_view."
"""Told to who did it: a private list is nobody else's news."""

_log = logging.getLogger(__name__)


class Happened(NamedTuple):
    """One event as it is told."""

    position: Position
    entity: UUID
    meta: Metadata
    data: dict[str, Any] | None
    """The payload; None when it cannot be read."""


def known_types() -> Sequence[str]:
    """The wire names of all events that can be told, in order."""
    ours = {module.__name__ for module in catalog.MODULES}
    told = (entry for entry in all_types() if entry.cls.__module__ in ours and not entry.bookkeeping)
    return [entry.name for entry in told if not entry.name.startswith(_INTERNAL)]


def wanted_types(names: Collection[str] | None) -> frozenset[str] | None:
    """The types that were asked for, None for all; raises an ApiError (BAD_REQUEST) that says which there are."""
    if names is None:
        return None
    known = known_types()
    if unknown := sorted(set(names) - set(known)):
        told = ", ".join(repr(name[:100]) for name in unknown[:3])
        error = bad_request(f"there are no events of type {told}; there are {', '.join(known)}")
        error.extensions = {**(error.extensions or {}), "types": list(known)}  # a message is cut when it is long
        raise error
    if not names:
        raise bad_request("`types` is empty: leave it out for all events, or name some")
    return frozenset(names)


class EventStream:
    """Reads on from where it stopped."""

    def __init__(
        self, log: EventLog, *, tenant: TenantId, user_id: str, types: frozenset[str] | None, after: Position
    ) -> None:
        """``types`` as wanted_types answers them; ``log`` shows this tenant's events."""
        self._log = log
        self._where = EventFilter(tenant=tenant, types=types)
        self._user_id = user_id
        self._types = types
        self.position = after
        """Everything up to it has been told, or will never be."""

    def wakes(self, events: Sequence[StoredEvent]) -> bool:
        """Whether some of the events are to be told, as far as their types say."""
        return any(self._is_told(event.type) for event in events)

    async def events(self) -> AsyncGenerator[Sequence[Happened], None]:
        """Chunks of what is to be told, up to the present end of the log; a chunk may be empty."""
        head = await self._log.head()
        while self.position < head:
            until = Position(min(head, self.position + WINDOW))
            found = await self._log.read_all(after=self.position, limit=CHUNK, where=self._where, until=until)
            yield [told for stored in found if (told := self._told(stored)) is not None]
            self.position = found[-1].position if len(found) == CHUNK else until

    def _told(self, stored: StoredEvent) -> Happened | None:
        if not self._is_told(stored.type):
            return None
        happened = _read(stored)
        if happened is None or (stored.type.startswith(_OWN) and happened.meta.actor != self._user_id):
            return None
        return happened

    def _is_told(self, name: str) -> bool:
        if self._types is not None:
            return name in self._types
        return not name.startswith(_INTERNAL) and not _is_bookkeeping(name)


def _read(stored: StoredEvent) -> Happened | None:
    """None for what is no event of ours at all."""
    try:
        recorded = decode(stored)
    except UndecodableEvent as error:
        _log.warning("an event cannot be read, and is told without its payload: %s", error)
        return _unreadable(stored)
    return Happened(stored.position, recorded.entity_id, recorded.meta, msgspec.to_builtins(recorded.event))


def _unreadable(stored: StoredEvent) -> Happened | None:
    try:
        return Happened(stored.position, stored.entity_id, decode_metadata(stored), None)
    except UndecodableEvent:
        return None


def _is_bookkeeping(name: str) -> bool:
    try:
        return of_name(name).bookkeeping
    except UnknownEventType:
        return False
