"""An account as readers see it, but for its parent, which the hierarchy's stream says."""

from datetime import datetime
from typing import Any
from uuid import UUID

from event_schemas.account import (
    AccountArchived,
    AccountDetailsChanged,
    AccountMerged,
    AccountOpened,
    AccountOwnerAssigned,
    AccountRestored,
    AccountTerritoryAssigned,
)
from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from event_schemas.values import Money
from projections.documents.document import Document, advance, given, unchanged


class Account(Document, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The columns of account_list. What has a default came later: stored accounts read as they are written now."""

    id: UUID
    name: str
    sector: str | None
    year_established: int | None
    revenue_minor: int | None
    revenue_currency: str | None
    employees: int | None
    location: str | None
    territory: str | None
    owner_id: UUID | None
    archived: bool
    """A merged account is archived too."""
    merged_into_id: UUID | None = None
    opened_at: datetime


def fold(document: Account | None, recorded: Recorded[Event]) -> Account | None:
    """The account after one more event; raises Unfoldable."""
    event = recorded.event
    if document is None:
        return _opened(event, recorded) if isinstance(event, AccountOpened) else unchanged(document, recorded)
    match event:
        case AccountDetailsChanged():
            return advance(document, recorded, **_details(event))
        case AccountOwnerAssigned():
            return advance(document, recorded, owner_id=event.owner_id)
        case AccountTerritoryAssigned():
            return advance(document, recorded, territory=event.territory)
        case AccountArchived():
            return advance(document, recorded, archived=True)
        case AccountRestored():
            return advance(document, recorded, archived=False)
        case AccountMerged(into_id=into):
            return advance(document, recorded, archived=True, merged_into_id=into)
        case _:
            return unchanged(document, recorded)


def _opened(event: AccountOpened, recorded: Recorded[Event]) -> Account:
    return Account(
        id=recorded.entity_id,
        name=event.name,
        sector=event.sector,
        year_established=event.year_established,
        employees=event.employees,
        location=event.location,
        territory=event.territory,
        owner_id=event.owner_id,
        archived=False,
        opened_at=recorded.meta.occurred_at,
        version=1,
        position=recorded.position,
        **_revenue(event.revenue),
    )


def _details(event: AccountDetailsChanged) -> dict[str, Any]:
    """The fields that the event carries, as the document names them."""
    fields = given(event)
    return fields | _revenue(fields.pop("revenue")) if "revenue" in fields else fields


def _revenue(revenue: Money | None) -> dict[str, Any]:
    if revenue is None:
        return {"revenue_minor": None, "revenue_currency": None}
    return {"revenue_minor": revenue.minor, "revenue_currency": revenue.currency}
