"""A sales team as readers see it. Its members are the users who say that they are in it."""

from datetime import datetime
from uuid import UUID

from event_schemas.envelope import Recorded
from event_schemas.organisation import TeamCreated, TeamManagerAssigned, TeamRegionAssigned
from event_schemas.registry import Event
from projections.documents.document import Document, advance, unchanged


class Team(Document, frozen=True, kw_only=True, gc=False):
    """The columns of team_list."""

    id: UUID
    name: str
    region: str | None
    manager_id: UUID | None
    created_at: datetime


def fold(document: Team | None, recorded: Recorded[Event]) -> Team | None:
    """The team after one more event; raises Unfoldable."""
    event = recorded.event
    if document is None:
        return _created(event, recorded) if isinstance(event, TeamCreated) else unchanged(document, recorded)
    match event:
        case TeamManagerAssigned():
            return advance(document, recorded, manager_id=event.manager_id)
        case TeamRegionAssigned():
            return advance(document, recorded, region=event.region)
        case _:
            return unchanged(document, recorded)


def _created(event: TeamCreated, recorded: Recorded[Event]) -> Team:
    return Team(
        id=recorded.entity_id,
        name=event.name,
        region=event.region,
        manager_id=event.manager_id,
        created_at=recorded.meta.occurred_at,
        version=1,
        position=recorded.position,
    )
