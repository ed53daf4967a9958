"""With whom a deal is made, and the line items that make its amount."""

from typing import Any

import pytest
from msgspec.structs import replace

from event_schemas.account import AccountArchived, AccountMerged
from event_schemas.contact import ContactArchived, ContactMerged
from event_schemas.deal import (
    DealAccountChanged,
    DealAmountChanged,
    DealContactLinked,
    DealContactUnlinked,
    DealLineItemsSet,
    DealLost,
    DealOpened,
    DealReopened,
    DealWon,
    LineItem,
    LossReason,
)
from event_schemas.product import ProductRetired
from event_schemas.values import MAX_MINOR, Money
from tests.support.events import some_id
from tests.support.examples import (
    ACCOUNT,
    ACCOUNT_OPENED,
    DEAL,
    LOST,
    NEW,
    PIPELINE,
    PIPELINE_DEFINED,
    PRODUCT,
    PRODUCT_LISTED,
    WON,
)
from tests.support.people import CONTACT, CONTACT_CREATED, OTHER_CONTACT
from tests.support.scenario import Given, fold, given
from write_side.domain import account, contact, deal, pipeline, product
from write_side.domain.deal import ChangeDealAmount, DealIsClosed, WinDeal
from write_side.domain.deal_contents import (
    AmountComesFromLineItems,
    ChangeDealAccount,
    LineItemsTooDear,
    LinkDealContact,
    SetDealLineItems,
    UnlinkDealContact,
    sum_of,
)
from write_side.domain.references import (
    AccountIsArchived,
    AccountIsMerged,
    AccountNotFound,
    ContactIsArchived,
    ContactIsMerged,
    ContactNotFound,
    DealNotFound,
    ProductIsRetired,
    ProductNotFound,
)
from write_side.domain.stages import CurrencyNotOfPipeline

OPENED = DealOpened(
    name="Ten GTX",
    pipeline_id=PIPELINE,
    stage_id=NEW.id,
    amount=Money(100, "USD"),
    account_id=None,
    owner_id=None,
    product_id=None,
    expected_close=None,
)
IS_WON = DealWon(stage_id=WON.id, amount=Money(100, "USD"))
IS_LOST = DealLost(stage_id=LOST.id, reason=LossReason.PRICE, detail="")
OTHER_PRODUCT = some_id("other product")
TEN = LineItem(product_id=PRODUCT, quantity=10, unit_price=Money(55_000, "USD"), discount=1_000)
ONE = LineItem(product_id=OTHER_PRODUCT, quantity=1, unit_price=Money(99, "USD"))
SET = SetDealLineItems(id=DEAL, items=(TEN, ONE))
IS_SET = DealLineItemsSet(items=(TEN, ONE), amount=Money(495_099, "USD"))
LINK = LinkDealContact(id=DEAL, contact_id=CONTACT, role="buyer")
LINKED = DealContactLinked(contact_id=CONTACT, role="buyer")
UNLINK = UnlinkDealContact(id=DEAL, contact_id=CONTACT)
MOVE = ChangeDealAccount(id=DEAL, account_id=ACCOUNT)
MOVED = DealAccountChanged(account_id=ACCOUNT)
HISTORIES = pytest.mark.parametrize(
    "history", [(OPENED,), (OPENED, IS_WON), (OPENED, IS_LOST)], ids=["open", "won", "lost"]
)


def tenant(*events: Any) -> Given:
    """A deal's history in a tenant that has all it may refer to."""
    return (
        given(deal.DECIDER, *events)
        .beside(pipeline.DECIDER, PIPELINE, PIPELINE_DEFINED)
        .beside(account.DECIDER, ACCOUNT, ACCOUNT_OPENED)
        .beside(contact.DECIDER, CONTACT, CONTACT_CREATED)
        .beside(product.DECIDER, PRODUCT, PRODUCT_LISTED)
        .beside(product.DECIDER, OTHER_PRODUCT, PRODUCT_LISTED)
    )


@HISTORIES
def test_a_deal_gets_another_account_whatever_became_of_it(history: Any) -> None:
    """Also a closed one, and it may be none that is known; what is so already is no event."""
    tenant(*history).when(MOVE).then(MOVED)
    tenant(*history, MOVED).when(ChangeDealAccount(id=DEAL, account_id=None)).then(DealAccountChanged(account_id=None))


def test_the_account_is_one_that_goes_on() -> None:
    """None that does not exist, is archived or was merged; the answer names the one that goes on."""
    survivor = some_id("survivor")
    tenant(OPENED).when(replace(MOVE, account_id=some_id("none"))).rejected(AccountNotFound, "accountId")
    archived = tenant(OPENED).beside(account.DECIDER, ACCOUNT, ACCOUNT_OPENED, AccountArchived())
    archived.when(MOVE).rejected(AccountIsArchived, "accountId")
    merged = tenant(OPENED).beside(account.DECIDER, ACCOUNT, ACCOUNT_OPENED, AccountMerged(into_id=survivor))
    assert str(survivor) in merged.when(MOVE).rejected(AccountIsMerged, "accountId")


@HISTORIES
def test_contacts_take_part_in_roles(history: Any) -> None:
    """Linked, in another role, in none, and unlinked: each is one event, and its repeat none."""
    tenant(*history).when(LINK).then(LINKED)
    for role in ("user", None):
        changed = DealContactLinked(contact_id=CONTACT, role=role)
        tenant(*history, LINKED).when(replace(LINK, role=role)).then(changed)
    tenant(*history, LINKED).when(UNLINK).then(DealContactUnlinked(contact_id=CONTACT))
    tenant(*history, LINKED, DealContactUnlinked(contact_id=CONTACT)).when(LINK).then(LINKED)


def test_who_takes_no_part_is_not_unlinked() -> None:
    """That is so already."""
    tenant(OPENED).when(UNLINK).then()


def test_a_contact_that_takes_part_is_one_that_goes_on() -> None:
    """Nobody who does not exist, is archived or was merged."""
    tenant(OPENED).when(replace(LINK, contact_id=some_id("none"))).rejected(ContactNotFound, "contactId")
    archived = tenant(OPENED).beside(contact.DECIDER, CONTACT, CONTACT_CREATED, ContactArchived())
    archived.when(LINK).rejected(ContactIsArchived, "contactId")
    merged = tenant(OPENED).beside(contact.DECIDER, CONTACT, CONTACT_CREATED, ContactMerged(into_id=OTHER_CONTACT))
    merged.when(LINK).rejected(ContactIsMerged, "contactId")


def test_the_role_of_an_archived_contact_can_be_corrected() -> None:
    """They take part already."""
    archived = tenant(OPENED, LINKED).beside(contact.DECIDER, CONTACT, CONTACT_CREATED, ContactArchived())
    archived.when(replace(LINK, role="user")).then(DealContactLinked(contact_id=CONTACT, role="user"))


def test_several_contacts_take_part() -> None:
    """Linking and unlinking one leaves the others."""
    others = DealContactLinked(contact_id=OTHER_CONTACT, role=None)
    state = fold(deal.DECIDER, DEAL, OPENED, LINKED, others, DealContactUnlinked(contact_id=CONTACT))
    assert state.contents.find(OTHER_CONTACT) is not None
    assert state.contents.find(CONTACT) is None


def test_line_items_make_the_amount() -> None:
    """Their sum, discounts taken off, is the deal's amount."""
    tenant(OPENED).when(SET).then(IS_SET)
    state = fold(deal.DECIDER, DEAL, OPENED, IS_SET)
    assert state.now.amount == IS_SET.amount


@pytest.mark.parametrize(
    ("quantity", "price", "discount", "minor"),
    [(1, 101, 5_000, 51), (1, 1, 5_000, 1), (1, 1, 5_001, 0), (3, 33, 3_333, 66), (1, 5, 10_000, 0), (7, 13, 0, 91)],
)
def test_each_item_is_rounded_half_up(quantity: int, price: int, discount: int, minor: int) -> None:
    """To a whole minor unit, once for the item."""
    item = LineItem(product_id=PRODUCT, quantity=quantity, unit_price=Money(price, "USD"), discount=discount)
    assert sum_of((item,), "USD") == Money(minor, "USD")
    assert sum_of((item, item), "USD") == Money(2 * minor, "USD")


def test_without_items_the_amount_stands_by_itself_again() -> None:
    """It stays what it was, and can be changed."""
    emptied = DealLineItemsSet(items=(), amount=IS_SET.amount)
    tenant(OPENED, IS_SET).when(SetDealLineItems(id=DEAL, items=())).then(emptied)
    other = ChangeDealAmount(id=DEAL, amount=Money(1, "USD"))
    tenant(OPENED, IS_SET, emptied).when(other).then(DealAmountChanged(amount=Money(1, "USD")))


def test_while_items_stand_the_amount_is_theirs() -> None:
    """Another amount is refused, at changing and at winning; the same one is no error."""
    other = Money(1, "USD")
    tenant(OPENED, IS_SET).when(ChangeDealAmount(id=DEAL, amount=other)).rejected(AmountComesFromLineItems, "amount")
    tenant(OPENED, IS_SET).when(WinDeal(id=DEAL, amount=other)).rejected(AmountComesFromLineItems, "amount")
    tenant(OPENED, IS_SET).when(ChangeDealAmount(id=DEAL, amount=IS_SET.amount)).then()
    won = DealWon(stage_id=WON.id, amount=IS_SET.amount)
    tenant(OPENED, IS_SET).when(WinDeal(id=DEAL, amount=IS_SET.amount)).then(won)
    tenant(OPENED, IS_SET).when(WinDeal(id=DEAL)).then(won)


def test_items_outlive_closing_and_reopening() -> None:
    """A reopened deal has the items that it had."""
    won = DealWon(stage_id=WON.id, amount=IS_SET.amount)
    reopened = (OPENED, IS_SET, LINKED, won, DealReopened(stage_id=NEW.id))
    tenant(*reopened).when(SET).then()
    tenant(*reopened).when(LINK).then()


@pytest.mark.parametrize("closing", [IS_WON, IS_LOST], ids=["won", "lost"])
def test_a_closed_deal_keeps_its_items(closing: Any) -> None:
    """No other items, and no others again, before it is reopened."""
    tenant(OPENED, closing).when(SET).rejected(DealIsClosed)


def test_prices_are_in_the_deals_currency() -> None:
    """Another one is refused, with its place in the input."""
    euros = replace(ONE, unit_price=Money(99, "EUR"))
    command = SetDealLineItems(id=DEAL, items=(TEN, euros))
    tenant(OPENED).when(command).rejected(CurrencyNotOfPipeline, "items.1.unitPrice.currency")


def test_products_of_items_exist() -> None:
    """One that was never listed is refused, with its place in the input."""
    unknown = SetDealLineItems(id=DEAL, items=(TEN, replace(ONE, product_id=some_id("none"))))
    tenant(OPENED).when(unknown).rejected(ProductNotFound, "items.1.productId")


def test_a_retired_product_stays_but_is_not_added() -> None:
    """An item of a product that the deal has already can be changed; a new one cannot."""
    retired = tenant(OPENED).beside(product.DECIDER, PRODUCT, PRODUCT_LISTED, ProductRetired())
    retired.when(SET).rejected(ProductIsRetired, "items.0.productId")
    has_it = tenant(OPENED, IS_SET).beside(product.DECIDER, PRODUCT, PRODUCT_LISTED, ProductRetired())
    fewer = replace(TEN, quantity=5)
    has_it.when(SetDealLineItems(id=DEAL, items=(fewer,))).then(
        DealLineItemsSet(items=(fewer,), amount=Money(247_500, "USD"))
    )


def test_the_sum_has_a_limit() -> None:
    """What no amount can hold is refused."""
    dear = replace(TEN, quantity=2, unit_price=Money(MAX_MINOR, "USD"), discount=0)
    tenant(OPENED).when(SetDealLineItems(id=DEAL, items=(dear,))).rejected(LineItemsTooDear, "items")
    most = replace(dear, discount=5_000)
    tenant(OPENED).when(SetDealLineItems(id=DEAL, items=(most,))).then(
        DealLineItemsSet(items=(most,), amount=Money(MAX_MINOR, "USD"))
    )


@pytest.mark.parametrize("command", [MOVE, LINK, UNLINK, SET], ids=lambda command: type(command).__name__)
def test_what_was_never_opened_has_no_contents(command: Any) -> None:
    """No change without a deal."""
    tenant().when(command).rejected(DealNotFound)
