"""What a view would write for a log, without a store."""

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from event_schemas.codec import decode
from event_schemas.envelope import StoredEvent
from event_schemas.streams import StreamName
from projections.catalog import View
from projections.documents.document import Document
from projections.documents.registry import kind_of

C = TypeVar("C")


def folded(events: Sequence[StoredEvent]) -> list[tuple[Document | None, Document | None]]:
    """What each event found and left of its entity's document."""
    documents: dict[tuple[StreamName, UUID], Document | None] = {}
    steps = []
    for stored in events:
        kind = kind_of(stored.stream)
        assert kind is not None
        before = documents.get((stored.stream, stored.entity_id))
        after = documents[stored.stream, stored.entity_id] = kind.fold(before, decode(stored))
        steps.append((before, after))
    return steps


def changes_of(view: View[C], events: Sequence[StoredEvent]) -> list[tuple[C, ...]]:
    """What the view writes for each event."""
    shown = []
    for stored, (before, after) in zip(events, folded(events), strict=True):
        assert after is not None
        shown.append(view.apply(decode(stored), before, after))
    return shown
