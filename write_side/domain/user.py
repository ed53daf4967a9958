"""A user: created, member of one team at a time, reporting to a manager, working a region."""

from typing import ClassVar, assert_never
from uuid import UUID

import msgspec
from msgspec.structs import replace

from event_schemas.organisation import (
    UserCreated,
    UserJoinedTeam,
    UserLeftTeam,
    UserManagerAssigned,
    UserRegionAssigned,
)
from event_schemas.registry import Event
from event_schemas.values import Name
from write_side.domain.decider import Command, Context, Decider, Ref
from write_side.domain.errors import Rejected
from write_side.domain.references import Standing, absent, named, require

CATEGORY = "user"


class NotCreated(msgspec.Struct, frozen=True):
    """No such user."""

    standing: ClassVar = Standing.ABSENT


class Created(msgspec.Struct, frozen=True):
    """The user exists."""

    standing: ClassVar = Standing.ACTIVE
    created: UserCreated
    region: Name | None
    manager_id: UUID | None
    team_id: UUID | None = None


State = NotCreated | Created


class CreateUser(Command, frozen=True, kw_only=True):
    """Let a person of the tenant work with the CRM."""

    name: Name
    region: Name | None = None
    manager_id: UUID | None = None


class JoinTeam(Command, frozen=True, kw_only=True):
    """Become a member of a team."""

    team_id: UUID


class LeaveTeam(Command, frozen=True, kw_only=True):
    """Be in no team."""


class AssignUserManager(Command, frozen=True, kw_only=True):
    """Let the user report to another user, or to nobody."""

    manager_id: UUID | None


class AssignUserRegion(Command, frozen=True, kw_only=True):
    """Let the user work another region, or none."""

    region: Name | None


Commands = CreateUser | JoinTeam | LeaveTeam | AssignUserManager | AssignUserRegion


class UserAlreadyCreated(Rejected):
    """A user with this id was created with other content."""

    field = "id"


class AlreadyInTeam(Rejected):
    """A user is in one team at a time."""

    field = "teamId"


class UserManagesThemself(Rejected):
    """Nobody reports to themself."""

    field = "managerId"


initial_state: State = NotCreated()


def evolve(state: State, _entity: UUID, event: Event) -> State:
    """State after an event."""
    match state, event:
        case NotCreated(), UserCreated():
            return Created(event, event.region, event.manager_id)
        case Created(), UserJoinedTeam():
            return replace(state, team_id=event.team_id)
        case Created(), UserLeftTeam():
            return replace(state, team_id=None)
        case Created(), UserManagerAssigned():
            return replace(state, manager_id=event.manager_id)
        case Created(), UserRegionAssigned():
            return replace(state, region=event.region)
        case ((NotCreated() | Created()), _):
            return state
        case _:
            assert_never(state)


def reads(command: Commands, _state: State) -> tuple[Ref, ...]:
    """The team and the manager that the command names."""
    match command:
        case CreateUser() | AssignUserManager():
            return named(user=command.manager_id)
        case JoinTeam():
            return named(team=command.team_id)
        case LeaveTeam() | AssignUserRegion():
            return ()
        case _:
            assert_never(command)


def decide(command: Commands, state: State, context: Context) -> tuple[Event, ...]:
    """Events of a command; () when the user already is as the command wants it."""
    match state:
        case NotCreated():
            if not isinstance(command, CreateUser):
                raise absent(CATEGORY, command.id)
            _check_manager(command.id, command.manager_id, context)
            return (_created(command),)
        case Created():
            return _decide_created(command, state, context)
        case _:
            assert_never(state)


def _created(command: CreateUser) -> UserCreated:
    return UserCreated(name=command.name, region=command.region, manager_id=command.manager_id)


def _decide_created(command: Commands, state: Created, context: Context) -> tuple[Event, ...]:
    match command:
        case CreateUser():
            if _created(command) != state.created:
                raise UserAlreadyCreated(f"user {command.id} was created with other content: take another id")
            return ()
        case JoinTeam(team_id=team):
            return _join(team, state, context)
        case LeaveTeam():
            return () if state.team_id is None else (UserLeftTeam(left_team_id=state.team_id),)
        case AssignUserManager(manager_id=manager):
            if manager == state.manager_id:
                return ()
            _check_manager(command.id, manager, context)
            return (UserManagerAssigned(manager_id=manager),)
        case AssignUserRegion(region=region):
            return () if region == state.region else (UserRegionAssigned(region=region),)
        case _:
            assert_never(command)


def _join(team: UUID, state: Created, context: Context) -> tuple[Event, ...]:
    if team == state.team_id:
        return ()
    require(context, "team", team, field="teamId")
    if state.team_id is not None:
        raise AlreadyInTeam(f"the user is in team {state.team_id}: leave that one first")
    return (UserJoinedTeam(team_id=team),)


def _check_manager(user: UUID, manager: UUID | None, context: Context) -> None:
    if manager == user:
        raise UserManagesThemself("a user cannot be their own manager: name another user, or none")
    require(context, "user", manager, field="managerId")


DECIDER: Decider[Commands, State] = Decider(
    category=CATEGORY, initial_state=initial_state, evolve=evolve, decide=decide, reads=reads
)
