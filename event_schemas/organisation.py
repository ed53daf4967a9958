"""Events of teams and users. The names of a tenant's own users are open, not sealed."""

from uuid import UUID

from event_schemas.registry import Event, event
from event_schemas.values import Name


@event("team.created")
class TeamCreated(Event, frozen=True, kw_only=True):
    """A sales team."""

    name: Name
    region: Name | None
    manager_id: UUID | None


@event("team.manager_assigned")
class TeamManagerAssigned(Event, frozen=True, kw_only=True):
    """Another user, or nobody, manages the team."""

    manager_id: UUID | None


@event("team.region_assigned")
class TeamRegionAssigned(Event, frozen=True, kw_only=True):
    """The team works another region, or none."""

    region: Name | None


@event("user.created")
class UserCreated(Event, frozen=True, kw_only=True):
    """A person of the tenant who works with the CRM."""

    name: Name
    region: Name | None
    manager_id: UUID | None


@event("user.joined_team")
class UserJoinedTeam(Event, frozen=True, kw_only=True):
    """The user is a member of a team; of one at a time."""

    team_id: UUID


@event("user.left_team")
class UserLeftTeam(Event, frozen=True, kw_only=True):
    """The user is in no team; names the team left."""

    left_team_id: UUID


@event("user.manager_assigned")
class UserManagerAssigned(Event, frozen=True, kw_only=True):
    """The user reports to another user, or to nobody."""

    manager_id: UUID | None


@event("user.region_assigned")
class UserRegionAssigned(Event, frozen=True, kw_only=True):
    """The user works another region, or none."""

    region: Name | None
