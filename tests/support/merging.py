"""An office where accounts and contacts are merged: what it begins with, and how things stand in it."""

from typing import Any
from uuid import UUID

from event_schemas.values import Money
from tests.support.events import some_id
from tests.support.office import Office
from write_side.domain import account_hierarchy
from write_side.domain.account import OpenAccount
from write_side.domain.contact_commands import (
    CreateContact,
)
from write_side.domain.deal import OpenDeal

A, B, C, D = (some_id(f"account {name}") for name in "abcd")
ADA, BOB, EVE = (some_id(f"contact {name}") for name in ("ada", "bob", "eve"))
DEALS = tuple(some_id(f"deal {number}") for number in range(3))
PRICE = Money(500, "USD")


async def merging_office() -> Office:
    """With a pipeline, four accounts and three contacts in it."""
    office = await Office.opened()
    for account in (A, B, C, D):
        await office.send(OpenAccount(id=account, name="Acme"))
    for contact in (ADA, BOB, EVE):
        await office.send(CreateContact(id=contact, name="Somebody"))
    return office


async def settle(office: Office) -> None:
    """All effects, and no failure among them."""
    managers = await office.settle()
    assert [failures.last for failures in managers.failures.values() if failures.count] == []


async def open_deal(office: Office, deal: UUID, account: UUID) -> None:
    """A deal with an account."""
    command = OpenDeal(id=deal, name="Deal", pipeline_id=office.pipeline, amount=PRICE, account_id=account)
    await office.send(command)


async def account_of(office: Office, deal: UUID) -> Any:
    """Whom a deal is made with."""
    return (await office.state("deal", deal)).now.account_id


async def accounts_of(office: Office, contact: UUID) -> dict[UUID, str | None]:
    """Whom a contact works for, and as what."""
    return dict((await office.state("contact", contact)).details.accounts)


async def parent_of(office: Office, account: UUID) -> Any:
    """Whom an account belongs to."""
    hierarchy = await office.state(account_hierarchy.CATEGORY, account_hierarchy.STREAM_ID)
    return hierarchy.parents.of(account)
