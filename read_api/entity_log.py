"""One entity's events, read from the log itself in the order of positions."""

import logging
from collections.abc import AsyncGenerator
from typing import NamedTuple
from uuid import UUID

from event_schemas.codec import UndecodableEvent, decode, decode_metadata
from event_schemas.envelope import Metadata, StoredEvent
from event_schemas.ports import EventLog
from event_schemas.registry import UnknownEventType, of_name
from event_schemas.streams import START, Position, TenantId
from read_api.changes import Change, EntityChanges
from read_api.errors import too_complex

_log = logging.getLogger(__name__)

CHUNK = 500
MAX_EVENTS = 50_000
"""Events read for one answer: a history is told from its beginning, since values before come from there."""
INTERNAL = "email."
"""How addresses are reserved is nobody's business; what a contact's address is, the contact's events say."""
OWN = "saved_view."
"""Told to who did it: a private list is nobody else's news."""


class Entry(NamedTuple):
    """One event and what it changed."""

    position: Position
    meta: Metadata
    changes: tuple[Change, ...]


class EntityReader:
    """Reads on from where it stopped; what came before is remembered as the fields' last values."""

    def __init__(
        self, log: EventLog, tenant: TenantId, entity: UUID, *, user_id: str, max_events: int = MAX_EVENTS
    ) -> None:
        self._log = log
        self._tenant = tenant
        self._entity = entity
        self._user_id = user_id
        self._max_events = max_events
        self._changes = EntityChanges()
        self._read = 0
        self.position = START
        """Of the last event read."""
        self.is_known = False
        """Whether there was anything to tell."""

    async def entries(self, *, chunk: int = CHUNK) -> AsyncGenerator[Entry, None]:
        """What the log holds after ``position``, up to its present end; raises an ApiError (QUERY_TOO_COMPLEX)."""
        more = True
        while more:
            events = await self._log.read_entity(self._tenant, self._entity, after=self.position, limit=chunk)
            more = len(events) == chunk
            self._read += len(events)
            if self._read > self._max_events:
                raise too_complex(f"this history has more than {self._max_events} events: ask the timeline instead")
            for stored in events:
                self.position = stored.position
                if self._may_tell(stored) and (entry := self._entry(stored)) is not None:
                    self.is_known = True
                    yield entry

    def _may_tell(self, stored: StoredEvent) -> bool:
        if stored.type.startswith(OWN):
            return _actor(stored) == self._user_id
        return not stored.type.startswith(INTERNAL)

    def _entry(self, stored: StoredEvent) -> Entry | None:
        """None for bookkeeping, and for what cannot be read at all."""
        try:
            recorded = decode(stored)
        except UndecodableEvent as error:
            _log.warning("an event of a history cannot be read: %s", error)
            return _unreadable(stored)
        if of_name(recorded.meta.type).bookkeeping:
            return None
        return Entry(stored.position, recorded.meta, self._changes.apply(recorded))


def _unreadable(stored: StoredEvent) -> Entry | None:
    try:
        meta = decode_metadata(stored)
    except UndecodableEvent:
        return None
    return None if _is_bookkeeping(meta.type) else Entry(stored.position, meta, ())


def _is_bookkeeping(name: str) -> bool:
    try:
        return of_name(name).bookkeeping
    except UnknownEventType:
        return False


def _actor(stored: StoredEvent) -> str | None:
    try:
        return decode_metadata(stored).actor
    except UndecodableEvent:
        return None
