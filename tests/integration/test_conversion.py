"""Conversion on PostgreSQL: 500 leads in one mutation, two runners at once, and processes that are killed."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4, uuid5

import asyncpg
import pytest
import pytest_asyncio

import write_side.bootstrap
from event_schemas.codec import decode
from event_schemas.envelope import Recorded
from event_schemas.ports import EventFilter
from event_schemas.registry import Event
from event_schemas.streams import START
from event_schemas.values import Money
from read_api.authentication import Role
from tests.support.api import Client
from tests.support.api_commands import pipeline, usd
from tests.support.office import Office
from tests.support.secrets import MASTER
from write_side.adapters.checkpoints import PostgresCheckpoints
from write_side.adapters.postgres import PostgresEventStore
from write_side.domain.lead_commands import ConvertLead, NewDeal

LEADS = 500
ONCE = (
    "account.opened",
    "contact.created",
    "contact.account_linked",
    "deal.opened",
    "deal.contact_linked",
    "lead.conversion_completed",
)


@pytest_asyncio.fixture
async def store(crm_database: str) -> AsyncIterator[PostgresEventStore]:
    """The log of a database that only this test has."""
    async with write_side.bootstrap.postgres_store(crm_database, master_secret=MASTER) as store:
        yield store


@pytest_asyncio.fixture
async def office(store: PostgresEventStore, crm_database: str) -> AsyncIterator[Office]:
    """A tenant in it, with a pipeline."""
    checkpoints = await PostgresCheckpoints.connect(crm_database)
    yield await Office.over(store, checkpoints)
    await checkpoints.close()


def everything(office: Office, lead: UUID) -> ConvertLead:
    """To an account, a contact and a deal, all new."""
    deal = NewDeal(pipeline_id=office.pipeline, amount=Money(500, "USD"))
    return ConvertLead(id=lead, new_account=True, new_contact=True, new_deal=deal)


async def converted(office: Office, number: int) -> list[UUID]:
    """Leads that were converted to all that is new, before any process has run."""
    leads = [await office.qualified(company="Acme", name="Ada", email=f"{n}@example.org") for n in range(number)]
    for lead in leads:
        await office.send(everything(office, lead), correlation_id=uuid5(lead, "correlation"))
    return leads


async def effects(store: PostgresEventStore) -> list[Recorded[Event]]:
    """What has followed from conversions."""
    where = EventFilter(types=frozenset(ONCE))
    return [decode(one) for one in await store.read_all(after=START, limit=100_000, where=where)]


async def check_once(store: PostgresEventStore, leads: list[UUID]) -> None:
    """Each lead became one account, one contact and one deal, and every event says from what."""
    found = await effects(store)
    where = EventFilter(types=frozenset({"lead.converted"}))
    causes = {one.entity_id: one for one in map(decode, await store.read_all(after=START, limit=10_000, where=where))}
    of_cause: dict[Any, list[str]] = {}
    for one in found:
        of_cause.setdefault(one.meta.causation_id, []).append(one.meta.type)
    assert {causes[lead].meta.event_id for lead in leads} == set(of_cause)
    assert {tuple(sorted(types)) for types in of_cause.values()} == {tuple(sorted(ONCE))}
    correlations = {one.meta.event_id: one.meta.correlation_id for one in causes.values()}
    assert {(one.meta.causation_id, one.meta.correlation_id) for one in found} == set(correlations.items())


async def test_two_runners_at_once_have_one_effect_each(
    store: PostgresEventStore, office: Office, crm_database: str
) -> None:
    """Each with connections of its own, as two programs have."""
    leads = await converted(office, 60)
    async with write_side.bootstrap.postgres_store(crm_database, master_secret=MASTER) as other_store:
        other = await PostgresCheckpoints.connect(crm_database)
        await asyncio.gather(office.settle(), Office(other_store, other).settle())
        await other.close()
    await check_once(store, leads)


async def test_processes_that_are_killed_at_every_step_lose_and_double_nothing(
    store: PostgresEventStore, office: Office, crm_database: str
) -> None:
    """SIGKILL right before and right after each command that a conversion sends; each time the next start goes on."""
    leads = await converted(office, 1)
    for _ in range(len(ONCE)):
        for moment in ("before", "after"):
            arguments = ("-m", "tests.support.killed_processes", crm_database, moment)
            killed = await asyncio.create_subprocess_exec(sys.executable, *arguments)
            try:
                async with asyncio.timeout(60):
                    assert await killed.wait() == -signal.SIGKILL
            finally:
                if killed.returncode is None:
                    killed.kill()
                    await killed.wait()
    assert len(await effects(store)) == len(ONCE)
    assert await office.remembered.position("conversion") == START
    await office.settle()
    await check_once(store, leads)
    assert await office.remembered.position("conversion") > START


async def test_a_server_that_restarts_connections_is_waited_for(
    store: PostgresEventStore, office: Office, crm_database: str
) -> None:
    """All connections of the processes are cut again and again while they work: nothing is lost and nothing doubled."""
    leads = await converted(office, 40)
    async with write_side.bootstrap.process_managers(crm_database, store=store, transact=office.transact) as managers:
        killer = await asyncpg.connect(crm_database)
        for _ in range(10):
            await killer.execute(TERMINATE)
            await asyncio.sleep(0.05)  # wherever they are by then
        await killer.close()
        await managers.settled(await store.head())
    await check_once(store, leads)


OTHERS = "datname = current_database() and pid <> pg_backend_pid()"
TERMINATE = f"select pg_terminate_backend(pid) from pg_stat_activity where {OTHERS}"
CAPTURE = """mutation($input: CaptureLeadInput!) { captureLead(input: $input) { version userErrors { code } } }"""
QUALIFY = """mutation($id: ID!) { qualifyLead(input: {id: $id}) { version userErrors { code } } }"""
CONVERT = """mutation($inputs: [ConvertLeadInput!]!, $key: String) {
  convertLeads(inputs: $inputs, idempotencyKey: $key) {
  version token userErrors { code field message } lead { id status company } } }"""


@pytest.mark.asyncio(loop_scope="module")
async def test_500_leads_are_converted_in_one_mutation(api: Client) -> None:
    """Each is answered in its place, also the one that may not be converted; all that they become is there once."""
    sales = await pipeline(api)
    leads = [str(uuid4()) for _ in range(LEADS)]
    for start in range(0, LEADS, 50):
        await asyncio.gather(*(capture(api, number, leads[number]) for number in range(start, start + 50)))
    unqualified = leads[123]
    await asyncio.gather(*(api.ask(QUALIFY, {"id": lead}) for lead in leads if lead != unqualified))
    deal = {"pipelineId": sales["id"], "amount": usd(500)}
    inputs = [{"id": lead, "newAccount": True, "newContact": True, "newDeal": deal} for lead in leads]
    transact = write_side.bootstrap.transactor(store=api.store, master_secret=MASTER).transact
    managers = write_side.bootstrap.process_managers(api.database_url, store=api.store, transact=transact)
    async with managers as running:
        payloads = (await api.ask(CONVERT, {"inputs": inputs, "key": "batch"})).data["convertLeads"]
        again = (await api.ask(CONVERT, {"inputs": inputs, "key": "batch"})).data["convertLeads"]
        await running.settled(await api.store.head())
    refused = payloads.pop(123)
    assert (refused["lead"], refused["version"], refused["token"]) == (None, None, None)
    assert [error["code"] for error in refused["userErrors"]] == ["LEAD_NOT_QUALIFIED"]
    assert [payload["lead"]["id"] for payload in payloads] == [lead for lead in leads if lead != unqualified]
    assert {payload["lead"]["status"] for payload in payloads} == {"CONVERTED"}
    assert [(p["version"], p["token"]) for p in again if p["token"]] == [(p["version"], p["token"]) for p in payloads]
    assert running.failures["conversion"].count == 0
    await check_once(api.store, [UUID(payload["lead"]["id"]) for payload in payloads])


async def capture(api: Client, number: int, lead: str) -> None:
    """A lead of its own company and address."""
    given = {"id": lead, "company": f"Acme {number}", "name": "Ada", "email": f"ada{number}@example.org"}
    assert (await api.ask(CAPTURE, {"input": given})).data["captureLead"]["userErrors"] == []


@pytest.mark.asyncio(loop_scope="module")
async def test_bulk_conversion_has_a_limit_and_a_role(api: Client) -> None:
    """More than 500 are refused as a whole, and so is who may not convert."""
    one = {"id": str(uuid4())}
    assert (await api.ask(CONVERT, {"inputs": [one] * 501})).codes == ["BAD_REQUEST"]
    answer = await api.ask(CONVERT, {"inputs": [one]}, role=Role.VIEWER)
    assert answer.codes == ["FORBIDDEN"]
    assert (await api.ask(CONVERT, {"inputs": []})).data == {"convertLeads": []}
