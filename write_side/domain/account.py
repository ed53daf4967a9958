"""An account: a company that deals are made with. What belongs to what is told by the hierarchy."""

from typing import Any, ClassVar, assert_never
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import asdict, replace

from event_schemas.account import (
    AccountArchived,
    AccountDetailsChanged,
    AccountMerged,
    AccountOpened,
    AccountOwnerAssigned,
    AccountRestored,
    AccountTerritoryAssigned,
    Headcount,
    Year,
)
from event_schemas.registry import Event
from event_schemas.values import Money, Name
from write_side.domain.decider import Command, Context, Decider, Ref
from write_side.domain.errors import Rejected
from write_side.domain.references import AccountIsMerged, Standing, absent, named, require, withdrawn

CATEGORY = "account"
DETAILS = AccountDetailsChanged.__struct_fields__
"""Fields that ChangeAccountDetails may send."""


class NotOpened(msgspec.Struct, frozen=True):
    """No such account."""

    standing: ClassVar = Standing.ABSENT


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """The account is worked on."""

    standing: ClassVar = Standing.ACTIVE
    opened: AccountOpened
    name: Name
    sector: Name | None
    year_established: Year | None
    revenue: Money | None
    employees: Headcount | None
    location: Name | None
    territory: Name | None
    owner_id: UUID | None


class Archived(msgspec.Struct, frozen=True):
    """The account is kept, but worked on no more."""

    standing: ClassVar = Standing.WITHDRAWN
    opened: AccountOpened
    before: Open
    """What it was."""


class Merged(msgspec.Struct, frozen=True):
    """The account is the same company as another, which goes on."""

    standing: ClassVar = Standing.MERGED
    opened: AccountOpened
    into_id: UUID


State = NotOpened | Open | Archived | Merged


class OpenAccount(Command, frozen=True, kw_only=True):
    """Begin to work with a company."""

    name: Name
    sector: Name | None = None
    year_established: Year | None = None
    revenue: Money | None = None
    employees: Headcount | None = None
    location: Name | None = None
    territory: Name | None = None
    owner_id: UUID | None = None


class ChangeAccountDetails(Command, frozen=True, kw_only=True):
    """Correct or complete what is known; a field that is not sent stays as it is, null empties it."""

    name: Name | UnsetType = UNSET
    sector: Name | None | UnsetType = UNSET
    year_established: Year | None | UnsetType = UNSET
    revenue: Money | None | UnsetType = UNSET
    employees: Headcount | None | UnsetType = UNSET
    location: Name | None | UnsetType = UNSET


class AssignAccountOwner(Command, frozen=True, kw_only=True):
    """Let another user, or nobody, look after the account."""

    owner_id: UUID | None


class AssignAccountTerritory(Command, frozen=True, kw_only=True):
    """Put the account into another sales territory, or into none."""

    territory: Name | None


class ArchiveAccount(Command, frozen=True, kw_only=True):
    """Work on the account no more."""


class RestoreAccount(Command, frozen=True, kw_only=True):
    """Work on an archived account again, as it was."""


class MergeAccount(Command, frozen=True, kw_only=True):
    """Say that the account is the same company as another; its deals, contacts and subsidiaries move there."""

    into_id: UUID


Change = ChangeAccountDetails | AssignAccountOwner | AssignAccountTerritory | ArchiveAccount | RestoreAccount
Commands = OpenAccount | Change | MergeAccount


class AccountAlreadyOpened(Rejected):
    """An account with this id was opened with other content."""

    field = "id"


class AccountMergedIntoItself(Rejected):
    """An account is merged into another one."""

    field = "intoId"


initial_state: State = NotOpened()


def evolve(state: State, _entity: UUID, event: Event) -> State:
    """State after an event."""
    match state, event:
        case NotOpened(), AccountOpened():
            return Open(opened=event, **asdict(event))
        case Open(), AccountDetailsChanged():
            return replace(state, **_sent(event))
        case Open(), AccountOwnerAssigned():
            return replace(state, owner_id=event.owner_id)
        case Open(), AccountTerritoryAssigned():
            return replace(state, territory=event.territory)
        case Open(), AccountArchived():
            return Archived(state.opened, state)
        case Archived(before=before), AccountRestored():
            return before
        case Open(), AccountMerged():
            return Merged(state.opened, event.into_id)
        case ((NotOpened() | Open() | Archived() | Merged()), _):
            return state
        case _:
            assert_never(state)


def _sent(details: AccountDetailsChanged | ChangeAccountDetails) -> dict[str, Any]:
    return {field: value for field in DETAILS if (value := getattr(details, field)) is not UNSET}


def reads(command: Commands, _state: State) -> tuple[Ref, ...]:
    """The owner, or the other account, that the command names."""
    match command:
        case OpenAccount() | AssignAccountOwner():
            return named(user=command.owner_id)
        case MergeAccount():
            return named(account=command.into_id)
        case _:
            return ()


def relies_on(command: Commands) -> tuple[Ref, ...]:
    """Two that are merged into one another at the same moment would both be gone."""
    return named(account=command.into_id) if isinstance(command, MergeAccount) else ()


def decide(command: Commands, state: State, context: Context) -> tuple[Event, ...]:
    """Events of a command; () when the account already is as the command wants it."""
    match state:
        case NotOpened():
            if not isinstance(command, OpenAccount):
                raise absent(CATEGORY, command.id)
            require(context, "user", command.owner_id, field="ownerId")
            return (_opened(command),)
        case Open():
            return _decide_open(command, state, context)
        case Archived():
            return _decide_archived(command, state)
        case Merged():
            return _decide_merged(command, state)
        case _:
            assert_never(state)


def _opened(command: OpenAccount) -> AccountOpened:
    return AccountOpened(
        name=command.name,
        sector=command.sector,
        year_established=command.year_established,
        revenue=command.revenue,
        employees=command.employees,
        location=command.location,
        territory=command.territory,
        owner_id=command.owner_id,
    )


def _open_again(command: OpenAccount, opened: AccountOpened) -> tuple[Event, ...]:
    if _opened(command) != opened:
        raise AccountAlreadyOpened(f"account {command.id} was opened with other content: change it, or take another id")
    return ()


def _decide_open(command: Commands, state: Open, context: Context) -> tuple[Event, ...]:
    match command:
        case OpenAccount():
            return _open_again(command, state.opened)
        case ChangeAccountDetails():
            changed = {field: value for field, value in _sent(command).items() if value != getattr(state, field)}
            return (AccountDetailsChanged(**changed),) if changed else ()
        case AssignAccountOwner(owner_id=owner):
            if owner == state.owner_id:
                return ()
            require(context, "user", owner, field="ownerId")
            return (AccountOwnerAssigned(owner_id=owner),)
        case AssignAccountTerritory(territory=territory):
            return () if territory == state.territory else (AccountTerritoryAssigned(territory=territory),)
        case ArchiveAccount():
            return (AccountArchived(),)
        case RestoreAccount():
            return ()
        case MergeAccount(into_id=into):
            if into == command.id:
                raise AccountMergedIntoItself("an account cannot be merged into itself: name the one that goes on")
            require(context, CATEGORY, into, field="intoId")
            return (AccountMerged(into_id=into),)
        case _:
            assert_never(command)


def _decide_archived(command: Commands, state: Archived) -> tuple[Event, ...]:
    match command:
        case OpenAccount():
            return _open_again(command, state.opened)
        case ArchiveAccount():
            return ()
        case RestoreAccount():
            return (AccountRestored(),)
        case _:
            raise withdrawn(CATEGORY, command.id)


def _decide_merged(command: Commands, state: Merged) -> tuple[Event, ...]:
    match command:
        case OpenAccount():
            return _open_again(command, state.opened)
        case MergeAccount(into_id=state.into_id):
            return ()
        case _:
            raise AccountIsMerged(f"account {command.id} was merged into {state.into_id}: name that one")


DECIDER: Decider[Commands, State] = Decider(
    category=CATEGORY, initial_state=initial_state, evolve=evolve, decide=decide, reads=reads, relies_on=relies_on
)
