"""What the read API must answer, worked out from a past in plain Python."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from projections.documents.document import Document
from tests.support.read_story import Past, Version

FOR_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Moment:
    """Events up to a position that had occurred by an instant."""

    position: int
    occurred: datetime = FOR_EVER


class Oracle:
    """One tenant's past, asked as of moments."""

    def __init__(self, past: Past, tenant: str) -> None:
        self._head = past.head
        self._events = [each for each in past.versions if each.recorded.meta.tenant == tenant]
        self._histories: dict[tuple[str, UUID], list[Version]] = {}
        for each in self._events:
            self._histories.setdefault((each.kind.name, each.recorded.entity_id), []).append(each)

    def recorded(self, instant: datetime) -> Moment:
        """Just before the first position recorded later."""
        later = [each.recorded.position for each in self._events if each.recorded.meta.recorded_at > instant]
        return Moment(min(later) - 1 if later else self._head)

    def occurred(self, instant: datetime) -> Moment:
        """By the business's clock, as it is known now."""
        return Moment(self._head, instant)

    def state(self, kind: str, entity: UUID | None, moment: Moment, *, early: bool = False) -> Any:
        """The document that held; with early, the first one where none did yet."""
        history = self._histories.get((kind, entity), []) if entity is not None else []
        held = [each for each in history if _had_happened(each, moment)]
        if held:
            return held[-1].document
        return history[0].document if early and history else None

    def stage(self, pipeline: UUID, stage: UUID, moment: Moment) -> Any:
        """The stage as it was; where it was added later, as it was first."""
        held = self.state("pipeline", pipeline, moment)
        documents: list[Any] = [held] if held is not None else []
        documents += [each.document for each in self._histories["pipeline", pipeline]]
        return next(found for document in documents for found in document.stages if found.id == stage)

    def all(self, kind: str, moment: Moment) -> Iterator[Any]:
        """Every document that held."""
        for known, entity in self._histories:
            if known == kind and (document := self.state(kind, entity, moment)) is not None:
                yield document

    def told(self, moment: Moment) -> Iterator[Recorded[Event]]:
        """Every event that had happened, in order."""
        return (each.recorded for each in self._events if _had_happened(each, moment))

    def stays(self, deal: UUID, moment: Moment) -> list[Document]:
        """The deal's documents at the beginning of each stay."""
        first: dict[int, Any] = {}
        for each in self._histories["deal", deal]:
            if _had_happened(each, moment):
                first.setdefault(each.document.stays, each.document)  # type: ignore[attr-defined] # a deal's
        return list(first.values())


def _had_happened(version: Version, moment: Moment) -> bool:
    recorded = version.recorded
    return recorded.position <= moment.position and recorded.meta.occurred_at <= moment.occurred
