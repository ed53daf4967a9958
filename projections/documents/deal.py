"""A deal as readers see it."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from event_schemas.deal import (
    DealAccountChanged,
    DealAmountChanged,
    DealCloseDateChanged,
    DealContactLinked,
    DealContactUnlinked,
    DealLineItemsSet,
    DealLost,
    DealOpened,
    DealOwnerChanged,
    DealProductChanged,
    DealReopened,
    DealStageChanged,
    DealWon,
    LineItem,
    LossReason,
)
from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from projections.documents.document import Document, advance, unchanged, with_part


class DealStatus(StrEnum):
    """How a deal stands."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


class DealContact(msgspec.Struct, frozen=True, gc=False):
    """A contact that takes part."""

    contact_id: UUID
    role: str | None
    since: datetime
    """When they were linked first; another role is the same link."""


class DealItem(msgspec.Struct, frozen=True, gc=False):
    """So many of a product, in the deal's currency, less a discount in hundredths of a per cent."""

    product_id: UUID
    quantity: int
    unit_price_minor: int
    discount: int


class Deal(Document, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The columns of deal_board, the rows of deal_contacts, and the number of stays in a stage so far.

    What has a default came later: deals that were stored before read as they are written now.
    """

    id: UUID
    name: str
    pipeline_id: UUID
    stage_id: UUID
    status: DealStatus
    amount_minor: int
    currency: str
    account_id: UUID | None
    owner_id: UUID | None
    product_id: UUID | None
    expected_close: date | None
    opened_at: datetime
    closed_at: datetime | None
    stage_entered_at: datetime
    loss_reason: LossReason | None
    loss_detail: str | None
    stays: int
    contacts: tuple[DealContact, ...] = ()
    line_items: tuple[DealItem, ...] = ()


def fold(document: Deal | None, recorded: Recorded[Event]) -> Deal | None:
    """The deal after one more event; raises Unfoldable."""
    event = recorded.event
    if document is None:
        return _opened(event, recorded) if isinstance(event, DealOpened) else unchanged(document, recorded)
    match event:
        case DealStageChanged():
            return _moved(document, recorded, event.stage_id)
        case DealAmountChanged(amount=amount):
            return advance(document, recorded, amount_minor=amount.minor, currency=amount.currency)
        case DealCloseDateChanged():
            return advance(document, recorded, expected_close=event.expected_close)
        case DealOwnerChanged():
            return advance(document, recorded, owner_id=event.owner_id)
        case DealProductChanged():
            return advance(document, recorded, product_id=event.product_id)
        case DealWon(amount=amount):
            won = _closed(document, recorded, event.stage_id, DealStatus.WON)
            return msgspec.structs.replace(won, amount_minor=amount.minor, currency=amount.currency)
        case DealLost():
            lost = _closed(document, recorded, event.stage_id, DealStatus.LOST)
            return msgspec.structs.replace(lost, loss_reason=event.reason, loss_detail=event.detail)
        case DealReopened():
            reopened = _moved(document, recorded, event.stage_id)
            return msgspec.structs.replace(
                reopened, status=DealStatus.OPEN, closed_at=None, loss_reason=None, loss_detail=None
            )
        case _:
            return _tied(document, recorded)


def _tied(document: Deal, recorded: Recorded[Event]) -> Deal | None:
    """The deal after an event that says with whom and of what it is made."""
    match recorded.event:
        case DealAccountChanged(account_id=account):
            return advance(document, recorded, account_id=account)
        case DealContactLinked(contact_id=contact, role=role):
            known = (link.since for link in document.contacts if link.contact_id == contact)
            link = DealContact(contact, role, next(known, recorded.meta.occurred_at))
            return advance(document, recorded, contacts=with_part(document.contacts, link, _contact))
        case DealContactUnlinked(contact_id=contact):
            left = tuple(link for link in document.contacts if link.contact_id != contact)
            return advance(document, recorded, contacts=left)
        case DealLineItemsSet(items=items, amount=amount):
            made_of = tuple(map(_item, items))
            return advance(document, recorded, line_items=made_of, amount_minor=amount.minor, currency=amount.currency)
        case _:
            return unchanged(document, recorded)


def _contact(link: DealContact) -> UUID:
    return link.contact_id


def _item(item: LineItem) -> DealItem:
    return DealItem(item.product_id, item.quantity, item.unit_price.minor, item.discount)


def _opened(event: DealOpened, recorded: Recorded[Event]) -> Deal:
    at = recorded.meta.occurred_at
    return Deal(
        id=recorded.entity_id,
        name=event.name,
        pipeline_id=event.pipeline_id,
        stage_id=event.stage_id,
        status=DealStatus.OPEN,
        amount_minor=event.amount.minor,
        currency=event.amount.currency,
        account_id=event.account_id,
        owner_id=event.owner_id,
        product_id=event.product_id,
        expected_close=event.expected_close,
        opened_at=at,
        closed_at=None,
        stage_entered_at=at,
        loss_reason=None,
        loss_detail=None,
        version=1,
        position=recorded.position,
        stays=1,
    )


def _moved(document: Deal, recorded: Recorded[Event], stage: UUID) -> Deal:
    """In another stage, from this event on."""
    return advance(
        document, recorded, stage_id=stage, stage_entered_at=recorded.meta.occurred_at, stays=document.stays + 1
    )


def _closed(document: Deal, recorded: Recorded[Event], stage: UUID, status: DealStatus) -> Deal:
    moved = _moved(document, recorded, stage)
    return msgspec.structs.replace(moved, status=status, closed_at=recorded.meta.occurred_at)
