"""What a view would write for a log, without a store; and batches for a sink, without a view."""

from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

from event_schemas.codec import decode
from event_schemas.envelope import StoredEvent
from event_schemas.streams import StreamName
from event_schemas.topics import Lane
from projections.catalog import View
from projections.documents.document import Document
from projections.documents.registry import kind_of
from projections.projecting import Projected, Ref

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


def batch_of(*changes: C) -> Projected[C]:
    """A batch that changes no document."""
    return Projected([], list(changes), {}, [])


class NoDocuments:
    """For sinks of which only the changes are looked at: no document is ever saved."""

    async def load(self, wanted: Collection[Ref]) -> dict[Ref, Document]:
        """Nothing."""
        return {}

    async def save(self, documents: Mapping[Ref, Document]) -> None:
        """There are none."""
        assert not documents

    async def forget(self, lanes: Collection[Lane]) -> None:
        """There are none."""
