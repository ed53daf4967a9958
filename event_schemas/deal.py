"""Events of a deal."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from event_schemas.registry import Event, event
from event_schemas.values import Money, Name, Text


class LossReason(StrEnum):
    """Why a deal was lost."""

    PRICE = "price"
    COMPETITOR = "competitor"
    NO_BUDGET = "no_budget"
    NO_DECISION = "no_decision"
    TIMING = "timing"
    FIT = "fit"
    OTHER = "other"
    UNKNOWN = "unknown"


Quantity = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
BasisPoints = Annotated[int, msgspec.Meta(ge=0, le=10_000)]
"""Hundredths of a per cent: 10,000 is all of it."""


class LineItem(msgspec.Struct, frozen=True, kw_only=True):
    """So many of a product, at a price each, less a discount."""

    product_id: UUID
    quantity: Quantity
    unit_price: Money
    discount: BasisPoints = 0


LineItems = Annotated[tuple[LineItem, ...], msgspec.Meta(max_length=200)]


@event("deal.opened")
class DealOpened(Event, frozen=True, kw_only=True):
    """A deal entered a pipeline."""

    name: Name
    pipeline_id: UUID
    stage_id: UUID
    amount: Money
    account_id: UUID | None
    owner_id: UUID | None
    product_id: UUID | None
    expected_close: date | None


@event("deal.stage_changed")
class DealStageChanged(Event, frozen=True, kw_only=True):
    """An open deal moved to another open stage, forward, back or skipping."""

    stage_id: UUID


@event("deal.amount_changed")
class DealAmountChanged(Event, frozen=True, kw_only=True):
    """The expected amount of an open deal changed."""

    amount: Money


@event("deal.close_date_changed")
class DealCloseDateChanged(Event, frozen=True, kw_only=True):
    """The expected close date changed; None when it became unknown."""

    expected_close: date | None


@event("deal.owner_changed")
class DealOwnerChanged(Event, frozen=True, kw_only=True):
    """Another user, or nobody, owns the deal."""

    owner_id: UUID | None


@event("deal.product_changed")
class DealProductChanged(Event, frozen=True, kw_only=True):
    """The deal is about another product, or none."""

    product_id: UUID | None


@event("deal.won")
class DealWon(Event, frozen=True, kw_only=True):
    """The deal was won for an amount."""

    stage_id: UUID
    amount: Money


@event("deal.lost", version=2)
class DealLost(Event, frozen=True, kw_only=True):
    """The deal was lost for a reason."""

    stage_id: UUID
    reason: LossReason
    detail: Text


@event("deal.reopened")
class DealReopened(Event, frozen=True, kw_only=True):
    """A closed deal is open again, in the given stage."""

    stage_id: UUID


@event("deal.account_changed")
class DealAccountChanged(Event, frozen=True, kw_only=True):
    """The deal is made with another account, or with none that is known."""

    account_id: UUID | None


@event("deal.contact_linked")
class DealContactLinked(Event, frozen=True, kw_only=True):
    """A contact takes part in the deal; a second link changes the role."""

    contact_id: UUID
    role: Name | None


@event("deal.contact_unlinked")
class DealContactUnlinked(Event, frozen=True, kw_only=True):
    """The contact takes part no more."""

    contact_id: UUID


@event("deal.line_items_set")
class DealLineItemsSet(Event, frozen=True, kw_only=True):
    """The deal consists of these items now, whose sum is its amount; of none: the amount stands by itself again."""

    items: LineItems
    amount: Money
