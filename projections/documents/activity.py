"""An activity as readers see it."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from event_schemas.activity import (
    ActivityCancelled,
    ActivityCompleted,
    ActivityKind,
    ActivityLogged,
    ActivityReassigned,
    ActivityRescheduled,
    ActivityScheduled,
    Related,
)
from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from projections.documents.document import Document, advance, unchanged


class ActivityStatus(StrEnum):
    """Whether it is still to be done."""

    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"


class Activity(Document, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The columns of activity_list, and the rows of activity_related."""

    id: UUID
    name: str
    """The subject, or nothing."""
    kind: ActivityKind
    subject: str | None = None
    body: str | None = None
    status: ActivityStatus
    owner_id: UUID | None = None
    person_id: UUID | None = None
    due_at: datetime | None = None
    minutes: int | None = None
    outcome: str | None = None
    reason: str | None = None
    created_at: datetime
    done_at: datetime | None = None
    related: tuple[Related, ...] = ()


def fold(document: Activity | None, recorded: Recorded[Event]) -> Activity | None:
    """The activity after one more event; raises Unfoldable."""
    event = recorded.event
    if document is None:
        return _begun(recorded)
    match event:
        case ActivityRescheduled(due_at=due):
            return advance(document, recorded, due_at=due)
        case ActivityReassigned(owner_id=owner):
            return advance(document, recorded, owner_id=owner)
        case ActivityCompleted(outcome=outcome):
            done_at = recorded.meta.occurred_at
            return advance(document, recorded, status=ActivityStatus.DONE, outcome=outcome, done_at=done_at)
        case ActivityCancelled(reason=reason):
            return advance(document, recorded, status=ActivityStatus.CANCELLED, reason=reason)
        case _:
            return unchanged(document, recorded)


def _begun(recorded: Recorded[Event]) -> Activity | None:
    event, at = recorded.event, recorded.meta.occurred_at
    match event:
        case ActivityLogged(minutes=minutes):
            return _new(event, recorded, status=ActivityStatus.DONE, minutes=minutes, done_at=at)
        case ActivityScheduled(due_at=due):
            return _new(event, recorded, status=ActivityStatus.OPEN, due_at=due)
        case _:
            return unchanged(None, recorded)


def _new(event: ActivityLogged | ActivityScheduled, recorded: Recorded[Event], **fields: Any) -> Activity:
    return Activity(
        id=recorded.entity_id,
        name=event.subject or "",
        kind=event.kind,
        subject=event.subject,
        body=event.body,
        owner_id=event.owner_id,
        person_id=event.person_id,
        created_at=recorded.meta.occurred_at,
        related=tuple(dict.fromkeys(event.related)),
        version=1,
        position=recorded.position,
        **fields,
    )
