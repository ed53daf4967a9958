"""A user of the tenant as readers see them."""

from datetime import datetime
from uuid import UUID

from event_schemas.envelope import Recorded
from event_schemas.organisation import (
    UserCreated,
    UserJoinedTeam,
    UserLeftTeam,
    UserManagerAssigned,
    UserRegionAssigned,
)
from event_schemas.registry import Event
from projections.documents.document import Document, advance, unchanged


class User(Document, frozen=True, kw_only=True, gc=False):
    """The columns of user_list."""

    id: UUID
    name: str
    region: str | None
    team_id: UUID | None
    manager_id: UUID | None
    created_at: datetime


def fold(document: User | None, recorded: Recorded[Event]) -> User | None:
    """The user after one more event; raises Unfoldable."""
    event = recorded.event
    if document is None:
        return _created(event, recorded) if isinstance(event, UserCreated) else unchanged(document, recorded)
    match event:
        case UserJoinedTeam():
            return advance(document, recorded, team_id=event.team_id)
        case UserLeftTeam():
            return advance(document, recorded, team_id=None)
        case UserManagerAssigned():
            return advance(document, recorded, manager_id=event.manager_id)
        case UserRegionAssigned():
            return advance(document, recorded, region=event.region)
        case _:
            return unchanged(document, recorded)


def _created(event: UserCreated, recorded: Recorded[Event]) -> User:
    return User(
        id=recorded.entity_id,
        name=event.name,
        region=event.region,
        team_id=None,
        manager_id=event.manager_id,
        created_at=recorded.meta.occurred_at,
        version=1,
        position=recorded.position,
    )
