"""Merging over a log in memory: what goes on takes over, and all that referred to the merged one moves."""

import logging
from uuid import UUID

import pytest

from event_schemas.contact import Relation as HowRelated
from event_schemas.deal import LossReason
from tests.support.events import some_id
from tests.support.merging import (
    ADA,
    BOB,
    DEALS,
    EVE,
    A,
    B,
    C,
    D,
    account_of,
    accounts_of,
    merging_office,
    open_deal,
    parent_of,
    settle,
)
from tests.support.office import Office
from write_side.application.process_managers.links import Relation
from write_side.domain.account import ArchiveAccount, MergeAccount, RestoreAccount
from write_side.domain.account_hierarchy import SetAccountParent
from write_side.domain.contact_commands import (
    ArchiveContact,
    CreateContact,
    LinkContactAccount,
    MergeContact,
    RelateContact,
    RestoreContact,
)
from write_side.domain.deal import LoseDeal, WinDeal
from write_side.domain.deal_contents import LinkDealContact
from write_side.domain.lead_commands import CaptureLead, MergeLead


@pytest.fixture
async def office() -> Office:
    """With a pipeline, four accounts and three contacts in it."""
    return await merging_office()


async def test_a_lead_takes_over_what_only_the_merged_one_knew(office: Office) -> None:
    """Once, with the merge as its cause."""
    one, other = some_id("one"), some_id("other")
    await office.send(CaptureLead(id=one, name="Ada", company="Acme"))
    await office.send(CaptureLead(id=other, name="A. L.", email="ada@example.org"))
    await office.send(MergeLead(id=other, into_id=one))
    await settle(office)
    details = (await office.state("lead", one)).details
    assert (details.person.name, details.person.email, details.now.company) == ("Ada", "ada@example.org", "Acme")
    ((merged,), (absorbed,)) = await office.events("lead.merged"), await office.events("lead.absorbed")
    assert absorbed.meta.causation_id == merged.meta.event_id
    assert absorbed.meta.correlation_id == merged.meta.correlation_id
    assert (absorbed.meta.actor, absorbed.meta.source) == ("ann", "process:merging")


async def test_a_chain_of_merges_loses_nothing(office: Office) -> None:
    """The first one's knowledge reaches the last, though the one between was merged before it had learned of it."""
    leads = [some_id(f"lead {number}") for number in range(3)]
    for lead, email in zip(leads, ("ada@example.org", None, None), strict=True):
        await office.send(CaptureLead(id=lead, name="Ada", email=email))
    await office.send(MergeLead(id=leads[0], into_id=leads[1]))
    await office.send(MergeLead(id=leads[1], into_id=leads[2]))
    await settle(office)
    assert (await office.state("lead", leads[2])).details.person.email == "ada@example.org"


async def test_a_contact_takes_over_and_takes_part(office: Office) -> None:
    """Details, accounts and address of the merged one, and its place in deals, in its role."""
    await office.send(CreateContact(id=some_id("dup"), name="Ada", email="ada@example.org"))
    await office.send(LinkContactAccount(id=some_id("dup"), account_id=A, role="CTO"))
    for deal in DEALS:
        await open_deal(office, deal, A)
        await office.send(LinkDealContact(id=deal, contact_id=some_id("dup"), role="buyer"))
    await office.send(LinkDealContact(id=DEALS[1], contact_id=ADA, role="user"))
    await office.send(WinDeal(id=DEALS[2]))
    await office.send(MergeContact(id=some_id("dup"), into_id=ADA))
    await settle(office)
    details = (await office.state("contact", ADA)).details
    assert (details.person.email, dict(details.accounts)) == ("ada@example.org", {A: "CTO"})
    roles = {}
    for deal in DEALS:
        (roles[deal],) = [(each.contact_id, each.role) for each in (await office.state("deal", deal)).contents.contacts]
    assert roles == {DEALS[0]: (ADA, "buyer"), DEALS[1]: (ADA, "user"), DEALS[2]: (ADA, "buyer")}


async def relations_of(office: Office, contact: UUID) -> set[tuple[UUID, str]]:
    """How a contact stands to others."""
    return set((await office.state("contact", contact)).details.relations)


async def test_who_stood_to_the_merged_contact_stands_to_the_other(office: Office) -> None:
    """In each of the ways; somebody archived does so when they are back, and nobody stands to themself."""
    archived = some_id("archived")
    await office.send(CreateContact(id=archived, name="Zoe"))
    for contact in (BOB, EVE, archived):
        for relation in HowRelated:
            await office.send(RelateContact(id=contact, other_id=ADA, relation=relation))
    await office.send(RelateContact(id=EVE, other_id=BOB, relation=HowRelated.KNOWS))
    await office.send(ArchiveContact(id=archived))
    await office.send(MergeContact(id=ADA, into_id=BOB))
    await settle(office)
    assert await relations_of(office, BOB) == set()
    assert await relations_of(office, EVE) == {(BOB, "knows"), (BOB, "reports_to")}
    assert await relations_of(office, archived) == {(ADA, "knows"), (ADA, "reports_to")}
    await office.send(RestoreContact(id=archived))
    await settle(office)
    assert await relations_of(office, archived) == {(BOB, "knows"), (BOB, "reports_to")}


async def test_an_address_that_somebody_else_took_is_left_out(office: Office) -> None:
    """Between the merge and its effect a third contact has got the merged one's e-mail address."""
    await office.send(CreateContact(id=some_id("dup"), name="Ada", phone="1", email="ada@example.org"))
    await office.send(MergeContact(id=some_id("dup"), into_id=ADA))
    await office.send(CreateContact(id=some_id("third"), email="ada@example.org"))
    await settle(office)
    person = (await office.state("contact", ADA)).details.person
    assert (person.email, person.phone) == (None, "1")


async def test_deals_contacts_and_subsidiaries_move(office: Office) -> None:
    """All that referred to the merged account refers to the other, closed deals too, contacts in their role."""
    for deal in DEALS:
        await open_deal(office, deal, A)
    await office.send(WinDeal(id=DEALS[1]))
    await office.send(LoseDeal(id=DEALS[2], reason=LossReason.PRICE))
    await office.send(LinkContactAccount(id=ADA, account_id=A, role="CTO"))
    await office.send(LinkContactAccount(id=BOB, account_id=A, role="CTO"))
    await office.send(LinkContactAccount(id=BOB, account_id=B, role="CEO"))
    await office.send(SetAccountParent(id=C, parent_id=A))
    await office.send(MergeAccount(id=A, into_id=B))
    await settle(office)
    assert [await account_of(office, deal) for deal in DEALS] == [B, B, B]
    assert await accounts_of(office, ADA) == {B: "CTO"}
    assert await accounts_of(office, BOB) == {B: "CEO"}
    assert await parent_of(office, C) == B
    assert await office.remembered.referring(office.tenant, Relation.DEAL_ACCOUNT, A) == []


async def test_others_stay_where_they_are(office: Office) -> None:
    """What had moved away before the merge, and what never was there."""
    await open_deal(office, DEALS[0], C)
    await office.send(LinkContactAccount(id=ADA, account_id=C))
    await office.send(MergeAccount(id=A, into_id=B))
    await settle(office)
    assert await account_of(office, DEALS[0]) == C
    assert await accounts_of(office, ADA) == {C: None}
    assert await office.events("deal.account_changed", "contact.account_unlinked", "account.parent_set") == []


async def test_what_comes_late_moves_too(office: Office) -> None:
    """A command that was decided before the merge is stored after it: no account is left with anything."""
    await office.send(MergeAccount(id=A, into_id=B))
    await settle(office)
    late = await office.late()
    await open_deal(late, DEALS[0], A)
    await late.send(LinkContactAccount(id=ADA, account_id=A, role="CTO"))
    await late.send(SetAccountParent(id=C, parent_id=A))
    await settle(office)
    assert await account_of(office, DEALS[0]) == B
    assert await accounts_of(office, ADA) == {B: "CTO"}
    assert await parent_of(office, C) == B


async def test_a_contact_that_comes_late_is_replaced(office: Office) -> None:
    """Likewise for a contact that was merged."""
    await open_deal(office, DEALS[0], A)
    await office.send(MergeContact(id=ADA, into_id=BOB))
    await settle(office)
    late = await office.late()
    await late.send(LinkDealContact(id=DEALS[0], contact_id=ADA, role="buyer"))
    await late.send(RelateContact(id=EVE, other_id=ADA, relation=HowRelated.KNOWS))
    await settle(office)
    contacts = (await office.state("deal", DEALS[0])).contents.contacts
    assert [(each.contact_id, each.role) for each in contacts] == [(BOB, "buyer")]
    assert await relations_of(office, EVE) == {(BOB, "knows")}


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "one after another"])
async def test_a_chain_of_accounts_ends_at_the_last(office: Office, at_once: bool) -> None:
    """Merged, and what it was merged into merged again: all is with the one that goes on."""
    await open_deal(office, DEALS[0], A)
    await open_deal(office, DEALS[1], B)
    await office.send(LinkContactAccount(id=ADA, account_id=A, role="CTO"))
    await office.send(MergeAccount(id=A, into_id=B))
    if not at_once:
        await settle(office)
    await office.send(MergeAccount(id=B, into_id=C))
    await settle(office)
    assert [await account_of(office, deal) for deal in DEALS[:2]] == [C, C]
    assert await accounts_of(office, ADA) == {C: "CTO"}


async def test_who_goes_on_for_its_own_parent_takes_its_place(office: Office) -> None:
    """D above A above C above B, and A goes on as B: B stands below D, and C below B; nobody above itself."""
    for child, parent in ((A, D), (C, A), (B, C)):
        await office.send(SetAccountParent(id=child, parent_id=parent))
    await office.send(MergeAccount(id=A, into_id=B))
    await settle(office)
    assert [await parent_of(office, account) for account in (B, C, D)] == [D, B, None]


async def test_a_direct_subsidiary_takes_its_parents_place(office: Office) -> None:
    """Below nobody, when there was nobody above or that one is archived."""
    await office.send(SetAccountParent(id=A, parent_id=D))
    await office.send(SetAccountParent(id=B, parent_id=A))
    await office.send(ArchiveAccount(id=D))
    await office.send(MergeAccount(id=A, into_id=B))
    await settle(office)
    assert await parent_of(office, B) is None


async def test_what_is_archived_moves_once_it_is_restored(office: Office) -> None:
    """What is archived accepts nothing; when it is back, so are its links, at the account that goes on."""
    await office.send(LinkContactAccount(id=ADA, account_id=A, role="CTO"))
    await office.send(LinkContactAccount(id=ADA, account_id=D))
    await office.send(ArchiveContact(id=ADA))
    await office.send(SetAccountParent(id=C, parent_id=A))
    await office.send(ArchiveAccount(id=C))
    await office.send(MergeAccount(id=A, into_id=B))
    await settle(office)
    assert await accounts_of(office, ADA) == {A: "CTO", D: None}
    assert await parent_of(office, C) == A
    await office.send(RestoreContact(id=ADA))
    await office.send(RestoreAccount(id=C))
    await settle(office)
    assert await accounts_of(office, ADA) == {B: "CTO", D: None}
    assert await parent_of(office, C) == B


async def test_what_cannot_move_is_told_and_stops_no_other(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    """The account that goes on was archived meanwhile: a failure for each deal, with the merge's position."""
    for deal in DEALS[:2]:
        await open_deal(office, deal, A)
    await open_deal(office, DEALS[2], C)
    merge = await office.send(MergeAccount(id=A, into_id=B))
    await office.send(ArchiveAccount(id=B))
    await office.send(MergeAccount(id=C, into_id=D))
    with caplog.at_level(logging.ERROR):
        managers = await office.settle()
    failures = managers.failures["merging"]
    assert [(each.position, each.code) for each in failures.last] == [(merge.position, "ACCOUNT_IS_ARCHIVED")] * 2
    assert failures.count == 2
    assert caplog.text.count(f"event at {merge.position}: ACCOUNT_IS_ARCHIVED") == 2
    assert await account_of(office, DEALS[2]) == D
