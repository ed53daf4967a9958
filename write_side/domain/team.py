"""A sales team: created, given a manager and a region. Who is a member is told by the users."""

from typing import ClassVar, assert_never
from uuid import UUID

import msgspec
from msgspec.structs import replace

from event_schemas.organisation import TeamCreated, TeamManagerAssigned, TeamRegionAssigned
from event_schemas.registry import Event
from event_schemas.values import Name
from write_side.domain.decider import Command, Context, Decider, Ref
from write_side.domain.errors import Rejected
from write_side.domain.references import Standing, absent, named, require

CATEGORY = "team"


class NotCreated(msgspec.Struct, frozen=True):
    """No such team."""

    standing: ClassVar = Standing.ABSENT


class Created(msgspec.Struct, frozen=True):
    """The team exists."""

    standing: ClassVar = Standing.ACTIVE
    created: TeamCreated
    region: Name | None
    manager_id: UUID | None


State = NotCreated | Created


class CreateTeam(Command, frozen=True, kw_only=True):
    """Set up a team."""

    name: Name
    region: Name | None = None
    manager_id: UUID | None = None


class AssignTeamManager(Command, frozen=True, kw_only=True):
    """Let another user, or nobody, manage the team."""

    manager_id: UUID | None


class AssignTeamRegion(Command, frozen=True, kw_only=True):
    """Let the team work another region, or none."""

    region: Name | None


Commands = CreateTeam | AssignTeamManager | AssignTeamRegion


class TeamAlreadyCreated(Rejected):
    """A team with this id was created with other content."""

    field = "id"


initial_state: State = NotCreated()


def evolve(state: State, _entity: UUID, event: Event) -> State:
    """State after an event."""
    match state, event:
        case NotCreated(), TeamCreated():
            return Created(event, event.region, event.manager_id)
        case Created(), TeamManagerAssigned():
            return replace(state, manager_id=event.manager_id)
        case Created(), TeamRegionAssigned():
            return replace(state, region=event.region)
        case ((NotCreated() | Created()), _):
            return state
        case _:
            assert_never(state)


def reads(command: Commands, _state: State) -> tuple[Ref, ...]:
    """The manager that the command names."""
    return () if isinstance(command, AssignTeamRegion) else named(user=command.manager_id)


def decide(command: Commands, state: State, context: Context) -> tuple[Event, ...]:
    """Events of a command; () when the team already is as the command wants it."""
    match state:
        case NotCreated():
            if not isinstance(command, CreateTeam):
                raise absent(CATEGORY, command.id)
            require(context, "user", command.manager_id, field="managerId")
            return (_created(command),)
        case Created():
            return _decide_created(command, state, context)
        case _:
            assert_never(state)


def _created(command: CreateTeam) -> TeamCreated:
    return TeamCreated(name=command.name, region=command.region, manager_id=command.manager_id)


def _decide_created(command: Commands, state: Created, context: Context) -> tuple[Event, ...]:
    match command:
        case CreateTeam():
            if _created(command) != state.created:
                raise TeamAlreadyCreated(f"team {command.id} was created with other content: take another id")
            return ()
        case AssignTeamManager(manager_id=manager):
            if manager == state.manager_id:
                return ()
            require(context, "user", manager, field="managerId")
            return (TeamManagerAssigned(manager_id=manager),)
        case AssignTeamRegion(region=region):
            return () if region == state.region else (TeamRegionAssigned(region=region),)
        case _:
            assert_never(command)


DECIDER: Decider[Commands, State] = Decider(
    category=CATEGORY, initial_state=initial_state, evolve=evolve, decide=decide, reads=reads
)
