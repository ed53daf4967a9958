"""Conversion over a log in memory: what a converted lead becomes, and what is told when it cannot."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import pytest

from event_schemas.deal import LossReason
from event_schemas.lead import ConversionStep, LeadConversionCompleted, LeadConversionFailed
from event_schemas.people import Attribute
from event_schemas.ports import EventFilter
from event_schemas.streams import START, command_id
from event_schemas.values import Money
from tests.support.events import some_id
from tests.support.office import Office
from write_side.application.deciders import KINDS
from write_side.application.process_managers.acting import Acting
from write_side.application.process_managers.conversion import Conversion
from write_side.domain.account import ArchiveAccount, MergeAccount, OpenAccount
from write_side.domain.contact_commands import ArchiveContact, CreateContact, LinkContactAccount, UnlinkContactAccount
from write_side.domain.deal import LoseDeal, OpenDeal
from write_side.domain.deal_contents import LinkDealContact, UnlinkDealContact
from write_side.domain.lead_commands import ConvertLead, FailLeadConversion, NewDeal

ACCOUNT, OTHER_ACCOUNT, CONTACT, DEAL = (some_id(name) for name in ("account", "other", "contact", "deal"))
PRICE = Money(500, "USD")


@pytest.fixture
async def office() -> Office:
    """With a pipeline in it."""
    return await Office.opened()


def everything(office: Office, lead: UUID) -> ConvertLead:
    """To an account, a contact and a deal, all new."""
    deal = NewDeal(pipeline_id=office.pipeline, amount=PRICE)
    return ConvertLead(id=lead, new_account=True, new_contact=True, new_deal=deal)


async def settled(office: Office, command: ConvertLead) -> Any:
    """How a conversion ended."""
    await office.send(command)
    managers = await office.settle()
    assert [failures.count for failures in managers.failures.values()] == [0, 0]
    return (await office.state("lead", command.id)).settlement


async def test_a_lead_becomes_account_contact_and_deal(office: Office) -> None:
    """All three are made of what the lead knew, linked to one another, and named by the completed conversion."""
    lead = await office.qualified(
        company="Acme",
        name="Ada",
        job_title="CTO",
        email="ada@example.org",
        phone="+41446681800",
        external_id="x-1",
        attributes=(Attribute("size", "L"),),
        owner_id=await office.user(),
    )
    done = await settled(office, everything(office, lead))
    assert done == LeadConversionCompleted(
        account_id=uuid5(lead, "account"), contact_id=uuid5(lead, "contact"), deal_id=uuid5(lead, "deal")
    )
    known = (await office.state("lead", lead)).details
    account = await office.state("account", done.account_id)
    contact = (await office.state("contact", done.contact_id)).details
    deal = await office.state("deal", done.deal_id)
    assert (account.name, account.owner_id) == ("Acme", known.now.owner_id)
    assert (contact.person, contact.attributes) == (known.person, known.attributes)
    assert (contact.created.lead_id, contact.now.owner_id, contact.now.external_id) == (lead, known.now.owner_id, "x-1")
    assert dict(contact.accounts) == {done.account_id: None}
    assert (deal.now.name, deal.now.amount, deal.now.owner_id) == ("Acme", PRICE, known.now.owner_id)
    assert deal.now.account_id == done.account_id
    assert [each.contact_id for each in deal.contents.contacts] == [done.contact_id]


async def test_what_follows_says_from_what(office: Office) -> None:
    """Each event of a conversion is its cause's actor's, carries its correlation, and names it and the process."""
    lead = await office.qualified(company="Acme", name="Ada", email="ada@example.org")
    await office.send(everything(office, lead), correlation_id=some_id("correlation"), actor="bob")
    (cause,) = await office.events("lead.converted")
    await office.settle()
    effects = [one for one in await office.events() if one.position > cause.position]
    assert [one.meta.type for one in effects] == [
        "account.opened",
        "email.reserved",
        "contact.created",
        "contact.account_linked",
        "deal.opened",
        "deal.contact_linked",
        "lead.conversion_completed",
    ]
    assert {one.meta.actor for one in effects} == {"bob"}
    assert {one.meta.correlation_id for one in effects} == {some_id("correlation")}
    assert {one.meta.causation_id for one in effects} == {cause.meta.event_id}
    assert {one.meta.source for one in effects} == {"process:conversion"}
    key = f"conversion/{cause.meta.event_id}/account"
    assert effects[0].meta.command_id == command_id(office.tenant, "account", effects[0].entity_id, key)


async def test_what_is_new_begins_when_the_lead_was_converted(office: Office) -> None:
    """By the business clock, which may be long ago."""
    lead = await office.qualified(at=datetime(2020, 1, 1, tzinfo=UTC), company="Acme", name="Ada")
    moment = datetime(2020, 2, 1, tzinfo=UTC)
    await office.send(everything(office, lead), occurred_at=moment)
    await office.settle()
    created = await office.events("account.opened", "contact.created", "deal.opened")
    assert [one.meta.occurred_at for one in created] == [moment] * 3


async def test_a_lead_becomes_nothing_new(office: Office) -> None:
    """That is completed as well."""
    lead = await office.qualified(name="Ada")
    nothing = LeadConversionCompleted(account_id=None, contact_id=None, deal_id=None)
    assert await settled(office, ConvertLead(id=lead)) == nothing


async def test_what_exists_is_only_linked(office: Office) -> None:
    """The contact to the account, and the deal to both, where they are not."""
    lead = await office.qualified(company="Acme", name="Ada")
    await office.send(OpenAccount(id=ACCOUNT, name="Other"))
    await office.send(CreateContact(id=CONTACT, name="Bob"))
    await office.send(OpenDeal(id=DEAL, name="Deal", pipeline_id=office.pipeline, amount=PRICE))
    before = await office.store.head()
    command = ConvertLead(id=lead, account_id=ACCOUNT, contact_id=CONTACT, deal_id=DEAL)
    assert await settled(office, command) == LeadConversionCompleted(
        account_id=ACCOUNT, contact_id=CONTACT, deal_id=DEAL
    )
    assert [one.meta.type for one in await office.events() if one.position > before] == [
        "lead.converted",
        "contact.account_linked",
        "deal.account_changed",
        "deal.contact_linked",
        "lead.conversion_completed",
    ]


async def test_what_is_linked_stays_as_it_is(office: Office) -> None:
    """Roles, and a deal's account, are not touched; a deal that is closed is no obstacle."""
    lead = await office.qualified(name="Ada")
    for account in (ACCOUNT, OTHER_ACCOUNT):
        await office.send(OpenAccount(id=account, name="Other"))
    await office.send(CreateContact(id=CONTACT, name="Bob"))
    await office.send(LinkContactAccount(id=CONTACT, account_id=ACCOUNT, role="CTO"))
    opened = OpenDeal(id=DEAL, name="Deal", pipeline_id=office.pipeline, amount=PRICE, account_id=OTHER_ACCOUNT)
    await office.send(opened)
    await office.send(LinkDealContact(id=DEAL, contact_id=CONTACT, role="buyer"))
    await office.send(LoseDeal(id=DEAL, reason=LossReason.PRICE))
    before = await office.store.head()
    await settled(office, ConvertLead(id=lead, account_id=ACCOUNT, contact_id=CONTACT, deal_id=DEAL))
    assert len([one for one in await office.events() if one.position > before]) == 2


async def test_a_taken_address_leads_to_the_contact_that_has_it(office: Office) -> None:
    """No second contact is made: the one that exists is linked, and named by the completed conversion."""
    lead = await office.qualified(company="Acme", name="Ada", email="Ada@example.org")
    await office.send(CreateContact(id=CONTACT, name="Ada L.", email="ada@example.org"))
    done = await settled(office, everything(office, lead))
    assert done.contact_id == CONTACT
    assert done.account_id in (await office.state("contact", CONTACT)).details.accounts
    assert (await office.state("deal", done.deal_id)).contents.find(CONTACT) is not None
    assert len(await office.events("contact.created")) == 1


async def test_what_was_merged_since_leads_to_the_one_that_goes_on(office: Office) -> None:
    """Between the command and its effects the account was merged."""
    lead = await office.qualified(name="Ada")
    for account in (ACCOUNT, OTHER_ACCOUNT):
        await office.send(OpenAccount(id=account, name="Other"))
    await office.send(ConvertLead(id=lead, account_id=ACCOUNT, new_contact=True))
    await office.send(MergeAccount(id=ACCOUNT, into_id=OTHER_ACCOUNT))
    await office.settle()
    done = (await office.state("lead", lead)).settlement
    assert done.account_id == OTHER_ACCOUNT
    assert list((await office.state("contact", done.contact_id)).details.accounts) == [OTHER_ACCOUNT]


@pytest.mark.parametrize(
    ("withdrawn", "step", "code"),
    [
        (ArchiveAccount(id=ACCOUNT), "contact", "ACCOUNT_IS_ARCHIVED"),
        (ArchiveContact(id=CONTACT), "contact", "CONTACT_IS_ARCHIVED"),
    ],
    ids=["account", "contact"],
)
async def test_what_cannot_be_done_is_told(office: Office, withdrawn: Any, step: str, code: str) -> None:
    """The lead says at which step, by which rule and why; the steps before it are done, those after it are not."""
    lead = await office.qualified(name="Ada")
    await office.send(OpenAccount(id=ACCOUNT, name="Acme"))
    await office.send(CreateContact(id=CONTACT, name="Bob"))
    deal = NewDeal(name="Deal", pipeline_id=office.pipeline, amount=PRICE)
    await office.send(ConvertLead(id=lead, account_id=ACCOUNT, contact_id=CONTACT, new_deal=deal))
    await office.send(withdrawn)
    await office.settle()
    failed = (await office.state("lead", lead)).settlement
    assert isinstance(failed, LeadConversionFailed)
    assert (failed.step, failed.code) == (step, code)
    assert failed.reason
    assert await office.events("deal.opened") == []


async def test_a_failed_conversion_can_be_tried_again(office: Office) -> None:
    """What the first attempt made is found by the second, and nothing is made twice."""
    lead = await office.qualified(company="Acme", name="Ada")
    await office.send(CreateContact(id=CONTACT, name="Bob"))
    deal = NewDeal(pipeline_id=office.pipeline, amount=PRICE)
    first = ConvertLead(id=lead, new_account=True, contact_id=CONTACT, new_deal=deal)
    await office.send(first)
    await office.send(ArchiveContact(id=CONTACT))
    await office.settle()
    assert isinstance((await office.state("lead", lead)).settlement, LeadConversionFailed)
    done = await settled(office, everything(office, lead))
    assert isinstance(done, LeadConversionCompleted)
    assert len(await office.events("account.opened")) == 1
    assert len(await office.events("contact.created")) == 2


async def test_the_newest_conversion_is_the_one_that_counts(office: Office) -> None:
    """A process that comes late finds two conversions of one lead, the first of which has failed."""
    lead = await office.qualified(company="Acme", name="Ada")
    await office.send(ConvertLead(id=lead, new_account=True))
    await office.send(FailLeadConversion(id=lead, step=ConversionStep.ACCOUNT, code="NO_LUCK", reason="none"))
    await office.send(ConvertLead(id=lead, new_contact=True))
    await office.settle()
    assert await office.events("account.opened") == []
    assert (await office.state("lead", lead)).settlement.contact_id == uuid5(lead, "contact")


async def test_the_same_conversion_again_follows_from_the_second(office: Office) -> None:
    """After a failure that the process did not see: what follows names the conversion that counts."""
    lead = await office.qualified(company="Acme", name="Ada")
    for _ in range(2):
        await office.send(ConvertLead(id=lead, new_account=True))
        await office.send(FailLeadConversion(id=lead, step=ConversionStep.ACCOUNT, code="NO_LUCK", reason="none"))
    last = await office.send(ConvertLead(id=lead, new_account=True))
    await office.settle()
    (opened,) = await office.events("account.opened")
    assert opened.meta.causation_id == (await office.events("lead.converted"))[-1].meta.event_id
    assert last.position < opened.position


async def test_a_conversion_that_came_too_late_does_nothing(office: Office) -> None:
    """Also where the one that counts is of another batch."""
    lead = await office.qualified(company="Acme", name="Ada")
    await office.send(ConvertLead(id=lead, new_account=True))
    await office.send(FailLeadConversion(id=lead, step=ConversionStep.ACCOUNT, code="NO_LUCK", reason="none"))
    await office.send(ConvertLead(id=lead, new_contact=True))
    acting = Acting("conversion", transact=office.transact, log=office.store, kinds=KINDS)
    process, head = Conversion(acting=acting, checkpoints=office.remembered), await office.store.head()
    first, second = await office.store.read_all(after=START, limit=10, where=EventFilter(types=process.types))
    await process.take((first,), first.position)
    assert await office.store.head() == head
    await process.take((second,), second.position)
    assert await office.store.head() > head


async def test_a_lead_that_was_erased_is_told_as_failed(office: Office) -> None:
    """Nothing tells who the contact would be; there is no contact without a name."""
    lead = await office.qualified(company="Acme", name="Ada")
    command = everything(office, lead)
    await office.send(command)
    office.erase(lead)
    await office.settle()
    failed = (await office.state("lead", lead)).settlement
    assert (failed.step, failed.code) == ("contact", "CONTACT_NOT_IDENTIFIED")


async def test_a_replay_has_no_effects(office: Office) -> None:
    """A process that begins again from the start finds all settled, and leaves alone what was changed since."""
    lead = await office.qualified(company="Acme", name="Ada", email="ada@example.org")
    done = await settled(office, everything(office, lead))
    await office.send(UnlinkContactAccount(id=done.contact_id, account_id=done.account_id))
    await office.send(UnlinkDealContact(id=done.deal_id, contact_id=done.contact_id))
    before = await office.store.head()
    office.forget()
    await office.settle()
    assert await office.store.head() == before
