"""A batch of stored events -> what a view group writes for them: decode, fold, apply, or park. Pure."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Generic, TypeVar
from uuid import UUID

import msgspec

from event_schemas.codec import decode
from event_schemas.envelope import Recorded, StoredEvent
from event_schemas.registry import Event
from event_schemas.streams import Position, StreamName, TenantId
from projections.catalog import ViewGroup
from projections.documents.document import Document
from projections.documents.registry import kind_of

C = TypeVar("C")

Ref = tuple[TenantId, StreamName, UUID]
"""Whose document: tenant, stream, entity."""

Parked = tuple[str, StreamName]
"""A view's name and the stream that it has stopped at; WHOLE_GROUP for all views of the group."""

WHOLE_GROUP = ""
_WAITS = "an earlier event of the stream is parked"
_MAX_ERROR = 2000


class Outcome(Enum):
    """What became of an event."""

    APPLIED = "applied"
    SKIPPED = "skipped"  # seen before, or nothing that a view of the group shows
    PARKED = "parked"  # for one view at least


class DeadLetter(msgspec.Struct, frozen=True):
    """One event that the group, or one view of it, has not applied."""

    view: str
    tenant: TenantId
    stream: StreamName
    position: Position
    type: str
    error: str


class Projected(msgspec.Struct, Generic[C]):
    """What came of a batch."""

    outcomes: list[Outcome]
    changes: list[C]
    documents: dict[Ref, Document]
    """Those that the batch changed."""
    letters: list[DeadLetter]


def ref_of(stored: StoredEvent) -> Ref:
    """Whose document the event changes."""
    return stored.tenant, stored.stream, stored.entity_id


class Projection(Generic[C]):
    """One batch on its way through a view group."""

    def __init__(self, group: ViewGroup[C], *, documents: Mapping[Ref, Document], parked: frozenset[Parked]) -> None:
        self._group = group
        self._known = documents
        self._parked = set(parked)
        self._done: Projected[C] = Projected([], [], {}, [])

    def project(self, events: Sequence[StoredEvent]) -> Projected[C]:
        """The whole batch, in order."""
        self._done.outcomes.extend(self._take(stored) for stored in events)
        return self._done

    def refuse(self, stored: StoredEvent, error: Exception) -> Projected[C]:
        """A batch of one that the sink would not take."""
        self._done.outcomes.append(self._park(WHOLE_GROUP, stored, _describe(error)))
        return self._done

    def _take(self, stored: StoredEvent) -> Outcome:
        kind = kind_of(stored.stream)
        if kind is None or kind.document not in self._group.readers:
            return Outcome.SKIPPED
        if (WHOLE_GROUP, stored.stream) in self._parked:
            return self._park(WHOLE_GROUP, stored, _WAITS)
        ref = ref_of(stored)
        before = self._done.documents.get(ref) or self._known.get(ref)
        if before is not None and stored.position <= before.position:
            return Outcome.SKIPPED  # a store that shares no transaction with the watermark may be ahead of it
        try:
            recorded = decode(stored)
            after = kind.fold(before, recorded)
        except Exception as error:  # noqa: BLE001  # whatever a payload makes a fold raise, only its stream stops
            return self._park(WHOLE_GROUP, stored, _describe(error))
        if after is None or after is before:
            return Outcome.SKIPPED
        self._done.documents[ref] = after
        return self._show(stored, recorded, before, after)

    def _show(
        self, stored: StoredEvent, recorded: Recorded[Event], before: Document | None, after: Document
    ) -> Outcome:
        outcome = Outcome.APPLIED
        for view in self._group.readers[type(after)]:
            if self._parked and (view.NAME, stored.stream) in self._parked:
                outcome = self._park(view.NAME, stored, _WAITS)
                continue
            try:
                self._done.changes += view.apply(recorded, before, after)
            except Exception as error:  # noqa: BLE001  # whatever a view raises, only its own view of the stream stops
                outcome = self._park(view.NAME, stored, _describe(error))
        return outcome

    def _park(self, view: str, stored: StoredEvent, error: str) -> Outcome:
        self._parked.add((view, stored.stream))
        letter = DeadLetter(view, stored.tenant, stored.stream, stored.position, stored.type, error)
        self._done.letters.append(letter)
        return Outcome.PARKED


def _describe(error: Exception) -> str:
    """As text that every store takes: no NUL, no lone surrogate."""
    text = f"{type(error).__name__}: {error}"[:_MAX_ERROR]
    return text.encode(errors="backslashreplace").decode().replace("\0", "\\0")
