"""What a deal is made of: with whom, and the line items whose sum is its amount."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from msgspec.structs import replace

from event_schemas.deal import (
    DealAccountChanged,
    DealContactLinked,
    DealContactUnlinked,
    DealLineItemsSet,
    DealOpened,
    LineItem,
    LineItems,
)
from event_schemas.registry import Event
from event_schemas.values import MAX_MINOR, Money, Name
from write_side.domain.decider import Command, Context
from write_side.domain.errors import Rejected
from write_side.domain.references import require
from write_side.domain.stages import CurrencyNotOfPipeline

WHOLE = 10_000
"""All of a price, in basis points."""


class Participant(msgspec.Struct, frozen=True):
    """A contact that takes part, and as what."""

    contact_id: UUID
    role: Name | None


class Contents(msgspec.Struct, frozen=True):
    """Contacts in the order in which they were linked last, line items as they were set."""

    contacts: tuple[Participant, ...] = ()
    items: LineItems = ()

    def find(self, contact_id: UUID) -> Participant | None:
        """The participant of an id."""
        return next((each for each in self.contacts if each.contact_id == contact_id), None)

    def without(self, contact_id: UUID) -> tuple[Participant, ...]:
        """The others."""
        return tuple(each for each in self.contacts if each.contact_id != contact_id)


class ChangeDealAccount(Command, frozen=True, kw_only=True):
    """Make the deal with another account, or with none; also once it is closed."""

    account_id: UUID | None


class LinkDealContact(Command, frozen=True, kw_only=True):
    """Let a contact take part in the deal, or change its role; also once the deal is closed."""

    contact_id: UUID
    role: Name | None = None


class UnlinkDealContact(Command, frozen=True, kw_only=True):
    """Let a contact take part no more; also once the deal is closed."""

    contact_id: UUID


class SetDealLineItems(Command, frozen=True, kw_only=True):
    """Make an open deal consist of these items, whose sum becomes its amount; of none: the amount stands by itself."""

    items: LineItems


Parties = ChangeDealAccount | LinkDealContact | UnlinkDealContact
"""With whom a deal is made is corrected whenever it turns out wrong, so closing the deal does not end it."""
PARTY_EVENTS = (DealAccountChanged, DealContactLinked, DealContactUnlinked)


class AmountComesFromLineItems(Rejected):
    """While a deal has line items its amount is their sum."""

    field = "amount"


class LineItemsTooDear(Rejected):
    """The sum of a deal's line items has a limit, as every amount has."""

    field = "items"


def evolve_parties(now: DealOpened, contents: Contents, event: Event) -> tuple[DealOpened, Contents]:
    """What holds, and the contents, after one of PARTY_EVENTS."""
    match event:
        case DealAccountChanged(account_id=account):
            return replace(now, account_id=account), contents
        case DealContactLinked(contact_id=contact, role=role):
            return now, replace(contents, contacts=(*contents.without(contact), Participant(contact, role)))
        case DealContactUnlinked(contact_id=contact):
            return now, replace(contents, contacts=contents.without(contact))
        case _:
            return now, contents


def decide_parties(
    command: Parties, account_id: UUID | None, contents: Contents, context: Context
) -> tuple[Event, ...]:
    """Events of a command about a deal that exists, with this account and these contents."""
    match command:
        case ChangeDealAccount(account_id=wanted) if wanted != account_id:
            require(context, "account", wanted, field="accountId")
            return (DealAccountChanged(account_id=wanted),)
        case LinkDealContact(contact_id=contact, role=role) if contents.find(contact) != Participant(contact, role):
            if contents.find(contact) is None:
                require(context, "contact", contact, field="contactId")
            return (DealContactLinked(contact_id=contact, role=role),)
        case UnlinkDealContact(contact_id=contact) if contents.find(contact) is not None:
            return (DealContactUnlinked(contact_id=contact),)
        case _:
            return ()


def set_items(command: SetDealLineItems, amount: Money, contents: Contents, context: Context) -> tuple[Event, ...]:
    """Events of new line items for an open deal that has this amount and these contents."""
    items = command.items
    if items == contents.items:
        return ()
    present = {item.product_id for item in contents.items}
    for index, item in enumerate(items):
        _check_price(item, amount, field=f"items.{index}.unitPrice.currency")
        if item.product_id not in present:
            require(context, "product", item.product_id, field=f"items.{index}.productId")
    return (DealLineItemsSet(items=items, amount=sum_of(items, amount.currency) if items else amount),)


def check_amount(amount: Money, now: Money, contents: Contents) -> None:
    """Raises AmountComesFromLineItems when items stand and make another amount."""
    if contents.items and amount != now:
        raise AmountComesFromLineItems("the deal's line items make its amount: change them instead")


def sum_of(items: Sequence[LineItem], currency: str) -> Money:
    """What the items cost together, each rounded half up to a whole minor unit; raises LineItemsTooDear."""
    minor = sum(
        (item.quantity * item.unit_price.minor * (WHOLE - item.discount) + WHOLE // 2) // WHOLE for item in items
    )
    if minor > MAX_MINOR:
        raise LineItemsTooDear(f"the items come to {minor} minor units, more than {MAX_MINOR}: split the deal")
    return Money(minor, currency)


def _check_price(item: LineItem, amount: Money, *, field: str) -> None:
    if item.unit_price.currency != amount.currency:
        raise CurrencyNotOfPipeline(
            f"the deal is in {amount.currency}: give the price in it, not in {item.unit_price.currency}", field=field
        )
