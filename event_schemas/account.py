"""Events of an account, and of the hierarchy of a tenant's accounts."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from event_schemas.registry import Event, event
from event_schemas.values import Money, Name

Year = Annotated[int, msgspec.Meta(ge=1000, le=9999)]
Headcount = Annotated[int, msgspec.Meta(ge=0, le=10**9)]


@event("account.opened")
class AccountOpened(Event, frozen=True, kw_only=True):
    """A company became known to us."""

    name: Name
    sector: Name | None
    year_established: Year | None
    revenue: Money | None
    employees: Headcount | None
    location: Name | None
    territory: Name | None
    owner_id: UUID | None


@event("account.details_changed")
class AccountDetailsChanged(Event, frozen=True, kw_only=True):
    """Some details changed; only what changed is in the event."""

    name: Name | UnsetType = UNSET
    sector: Name | None | UnsetType = UNSET
    year_established: Year | None | UnsetType = UNSET
    revenue: Money | None | UnsetType = UNSET
    employees: Headcount | None | UnsetType = UNSET
    location: Name | None | UnsetType = UNSET


@event("account.owner_assigned")
class AccountOwnerAssigned(Event, frozen=True, kw_only=True):
    """Another user, or nobody, looks after the account."""

    owner_id: UUID | None


@event("account.territory_assigned")
class AccountTerritoryAssigned(Event, frozen=True, kw_only=True):
    """The account belongs to another sales territory, or to none."""

    territory: Name | None


@event("account.archived")
class AccountArchived(Event, frozen=True, kw_only=True):
    """The account is no longer worked on."""


@event("account.restored")
class AccountRestored(Event, frozen=True, kw_only=True):
    """An archived account is back as it was."""


@event("account.merged")
class AccountMerged(Event, frozen=True, kw_only=True):
    """The account is the same company as another, which goes on; its deals and contacts move there."""

    into_id: UUID


@event("account.parent_set", entity_field="account_id")
class AccountParentSet(Event, frozen=True, kw_only=True):
    """An account became a subsidiary of another, or of none. Lives in the tenant's hierarchy stream."""

    account_id: UUID
    parent_id: UUID | None
