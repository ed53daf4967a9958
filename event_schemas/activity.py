"""Events of an activity. Its words are sealed under the key of the person that it is about, where there is one."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from event_schemas.envelope import Instant
from event_schemas.registry import Event, event
from event_schemas.values import Name, Text

Minutes = Annotated[int, msgspec.Meta(ge=0, le=10_080)]
"""A duration of at most a week."""


class ActivityKind(StrEnum):
    """What sort of activity it is."""

    CALL = "call"
    MEETING = "meeting"
    EMAIL = "email"
    NOTE = "note"
    TASK = "task"


class RelatedKind(StrEnum):
    """What an activity can be about."""

    LEAD = "lead"
    CONTACT = "contact"
    ACCOUNT = "account"
    DEAL = "deal"


class Related(msgspec.Struct, frozen=True):
    """An entity that the activity is about."""

    kind: RelatedKind
    id: UUID


RelatedTo = Annotated[tuple[Related, ...], msgspec.Meta(max_length=20)]


@event("activity.logged", personal=("subject", "body"), subject_field="person_id")
class ActivityLogged(Event, frozen=True, kw_only=True):
    """A call, meeting, e-mail or note that has happened, at the moment of ``occurredAt``."""

    kind: ActivityKind
    subject: Name | None
    body: Text | None
    related: RelatedTo
    person_id: UUID | None
    """The first lead or contact that it is about: whose personal data the words are."""
    owner_id: UUID | None
    minutes: Minutes | None


@event("activity.scheduled", personal=("subject", "body"), subject_field="person_id")
class ActivityScheduled(Event, frozen=True, kw_only=True):
    """A task, call or meeting that is to happen."""

    kind: ActivityKind
    subject: Name | None
    body: Text | None
    related: RelatedTo
    person_id: UUID | None
    owner_id: UUID | None
    due_at: Instant


@event("activity.rescheduled")
class ActivityRescheduled(Event, frozen=True, kw_only=True):
    """It is due at another moment."""

    due_at: Instant


@event("activity.reassigned")
class ActivityReassigned(Event, frozen=True, kw_only=True):
    """Another user, or nobody, is to do it."""

    owner_id: UUID | None


@event("activity.completed", personal=("outcome",), subject_field="person_id")
class ActivityCompleted(Event, frozen=True, kw_only=True):
    """It is done."""

    outcome: Text | None
    person_id: UUID | None


@event("activity.cancelled", personal=("reason",), subject_field="person_id")
class ActivityCancelled(Event, frozen=True, kw_only=True):
    """It will not happen."""

    reason: Text | None
    person_id: UUID | None
