"""Merging on PostgreSQL: many things to move, while more keep coming, and two runners at it."""

import asyncio
from collections.abc import AsyncIterator, Collection
from random import Random
from uuid import UUID

import pytest_asyncio

import write_side.bootstrap
from event_schemas.values import Money
from tests.support.events import some_id
from tests.support.office import TENANT, Office
from tests.support.secrets import MASTER
from write_side.adapters.checkpoints import PostgresCheckpoints
from write_side.adapters.postgres import PostgresEventStore
from write_side.application.process_managers.links import Relation
from write_side.domain import account_hierarchy
from write_side.domain.account import MergeAccount, OpenAccount
from write_side.domain.account_hierarchy import SetAccountParent
from write_side.domain.contact_commands import CreateContact, LinkContactAccount
from write_side.domain.deal import OpenDeal
from write_side.domain.decider import Command
from write_side.domain.references import AccountIsMerged

A, B, C = (some_id(f"account {name}") for name in "abc")
DEALS = [some_id(f"deal {number}") for number in range(300)]
CONTACTS = [some_id(f"contact {number}") for number in range(100)]
CHILDREN = [some_id(f"child {number}") for number in range(30)]


@pytest_asyncio.fixture
async def store(crm_database: str) -> AsyncIterator[PostgresEventStore]:
    """The log of a database that only this test has."""
    async with write_side.bootstrap.postgres_store(crm_database, master_secret=MASTER) as store:
        yield store


@pytest_asyncio.fixture
async def office(store: PostgresEventStore, crm_database: str) -> AsyncIterator[Office]:
    """A tenant in it, with accounts, contacts and a pipeline."""
    checkpoints = await PostgresCheckpoints.connect(crm_database)
    office = await Office.over(store, checkpoints)
    await asyncio.gather(*(office.send(OpenAccount(id=account, name="Acme")) for account in (A, B, C, *CHILDREN)))
    await asyncio.gather(*(office.send(CreateContact(id=contact, name="Ada")) for contact in CONTACTS))
    yield office
    await checkpoints.close()


def referring(office: Office, account: UUID) -> list[Command]:
    """Everything that is to refer to an account."""
    price = Money(500, "USD")
    return [
        *(
            OpenDeal(id=deal, name="Deal", pipeline_id=office.pipeline, amount=price, account_id=account)
            for deal in DEALS
        ),
        *(LinkContactAccount(id=contact, account_id=account, role="CTO") for contact in CONTACTS),
        *(SetAccountParent(id=child, parent_id=account) for child in CHILDREN),
    ]


async def check_all_at(office: Office, account: UUID, *, but_not: Collection[UUID] = ()) -> None:
    """Whatever exists refers to this account and to no other, as the log and as the process's memory say."""
    parents = (await office.state(account_hierarchy.CATEGORY, account_hierarchy.STREAM_ID)).parents
    for deal in DEALS:
        if deal not in but_not:
            assert (await office.state("deal", deal)).now.account_id == account
    for contact in CONTACTS:
        accounts = dict((await office.state("contact", contact)).details.accounts)
        assert accounts == ({} if contact in but_not else {account: "CTO"})
    for child in CHILDREN:
        assert parents.of(child) == (None if child in but_not else account)
    for relation, referrers in (
        (Relation.DEAL_ACCOUNT, DEALS),
        (Relation.CONTACT_ACCOUNT, CONTACTS),
        (Relation.ACCOUNT_PARENT, CHILDREN),
    ):
        there = {one for one in referrers if one not in but_not}
        assert set(await office.remembered.referring(TENANT, relation, account)) == there


async def test_all_moves_with_two_runners_at_it(store: PostgresEventStore, office: Office, crm_database: str) -> None:
    """Deals, contacts and subsidiaries are with the account that goes on; each has moved once."""
    await asyncio.gather(*(office.send(command) for command in referring(office, A)))
    await office.send(MergeAccount(id=A, into_id=B))
    await office.send(MergeAccount(id=B, into_id=C))
    async with write_side.bootstrap.postgres_store(crm_database, master_secret=MASTER) as other_store:
        other = await PostgresCheckpoints.connect(crm_database)
        await asyncio.gather(office.settle(), Office(other_store, other).settle())
        await other.close()
    await check_all_at(office, C)
    assert len(await office.events("deal.account_changed")) == len(DEALS)
    assert len(await office.events("contact.account_unlinked")) == len(CONTACTS)
    assert len(await office.events("account.parent_set")) == 2 * len(CHILDREN)


async def test_nothing_is_left_with_an_account_that_is_merged_meanwhile(
    store: PostgresEventStore, office: Office, crm_database: str
) -> None:
    """Commands race with the merge: those that it overtakes are refused, those that it does not are moved."""
    commands = referring(office, A)
    Random(20260101).shuffle(commands)
    # another program, which may decide by what was true a moment ago
    other = write_side.bootstrap.transactor(store=store, master_secret=MASTER)
    racing = Office(store, office.remembered)
    racing.transact = other.transact
    managers = write_side.bootstrap.process_managers(crm_database, store=store, transact=office.transact)
    async with managers as running:
        sent = [asyncio.create_task(racing.send(command)) for command in commands]
        await sent[len(sent) // 2]
        await office.send(MergeAccount(id=A, into_id=B))
        outcomes = await asyncio.gather(*sent, return_exceptions=True)
        settled = 0
        while settled < (head := await store.head()):
            await running.settled(head)
            settled = head
    answered = zip(commands, outcomes, strict=True)
    refused = {command.id: outcome for command, outcome in answered if isinstance(outcome, BaseException)}
    assert {type(outcome) for outcome in refused.values()} <= {AccountIsMerged}
    assert running.failures["merging"].count == 0
    await check_all_at(office, B, but_not=refused.keys())
