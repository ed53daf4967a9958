"""The keys of people in PostgreSQL: made once, many in a call, and free where there is nobody's data."""

import asyncio
import json
from collections.abc import AsyncIterator
from random import Random
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from event_schemas.envelope import EMPTY
from event_schemas.lead import LeadQualified
from event_schemas.streams import START, TenantId
from tests.contract.event_store import DEMO, OTHER_TENANT, a_stream, amounts, origin
from tests.contract.event_store_sealing import CAPTURED, a_lead, append, facts_of
from tests.integration.lossy_proxy import lossy_proxy
from tests.support.secrets import MASTER
from write_side.adapters.keys import DerivedTenantKeys
from write_side.adapters.postgres import PostgresEventStore
from write_side.adapters.postgres_queries import queries
from write_side.adapters.postgres_session import Pool, open_pool
from write_side.adapters.subject_keys import PostgresSubjectKeys
from write_side.application.ports import EventStoreUnavailable, SubjectErased

QUICK = (0.01,) * 200
TENANTS = DerivedTenantKeys(MASTER)
TERMINATE = """
select count(pg_terminate_backend(pid)) from pg_stat_activity
where datname = current_database() and application_name = 'eventcrm log as crm_append'
"""


class Counted:
    """A pool that counts the calls that are made over it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.calls = 0
        self.called = asyncio.Event()

    async def fetch(self, *arguments: Any) -> Any:
        """One call."""
        self.calls += 1
        self.called.set()
        return await self._pool.fetch(*arguments)


@pytest.fixture
async def pool(crm_database: str) -> AsyncIterator[Counted]:
    """Connections in the appender's role."""
    opened = await open_pool(crm_database, "crm_append", 4)
    yield Counted(opened)
    await opened.close()


def subject_keys(pool: Any, *, kept: int = 1_000) -> PostgresSubjectKeys:
    """Over that pool, which is shared."""
    return PostgresSubjectKeys(pool, TENANTS, pauses=QUICK, kept=kept)


async def key_rows(url: str) -> list[tuple[TenantId, UUID]]:
    """Who has a row."""
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("select tenant, subject_id from subject_keys order by subject_id")
    await connection.close()
    return [(row[0], row[1]) for row in rows]


async def test_who_waits_together_goes_together(pool: Counted) -> None:
    """Of 300 that ask at once, in one call; those that come while it is under way, in the next; then in none."""
    keys, people = subject_keys(pool), [uuid4() for _ in range(400)]
    first = [asyncio.create_task(keys.keys(DEMO, [one])) for one in people[:300]]
    await pool.called.wait()
    second = [asyncio.create_task(keys.keys(DEMO, [one])) for one in people[300:350]]
    await asyncio.sleep(0)  # they wait by now, and the first call is not answered
    second += [asyncio.create_task(keys.keys(DEMO, [one])) for one in people[350:]]
    found = [next(iter(answer.values())) for answer in await asyncio.gather(*first, *second)]
    assert pool.calls == 2
    assert len({*found}) == len(people)
    assert list((await keys.keys(DEMO, people)).values()) == found
    assert pool.calls == 2


async def test_more_than_a_call_takes_are_answered_too(pool: Counted) -> None:
    """A command may be about very many people."""
    people = {uuid4() for _ in range(2_500)}
    found = await subject_keys(pool).keys(DEMO, people)
    assert found.keys() == people
    assert found == await subject_keys(pool).keys(DEMO, people)


async def test_few_are_kept(pool: Counted) -> None:
    """Those used last; the others are asked for again, and are the same. More at once than are kept is no trouble."""
    keys, people = subject_keys(pool, kept=2), [uuid4() for _ in range(3)]
    one, two, three = (await keys.keys(DEMO, people)).values()
    assert list((await keys.keys(DEMO, people[1:])).values()) == [two, three]
    assert pool.calls == 1
    assert list((await keys.keys(DEMO, people[:2])).values()) == [one, two]
    assert pool.calls == 2


async def test_two_processes_make_the_same(pool: Counted, crm_database: str) -> None:
    """The same people at once, in opposite orders, new and known ones mixed: one key for each."""
    people = [uuid4() for _ in range(600)]
    await subject_keys(pool).keys(DEMO, people[::7])
    answers = await asyncio.gather(
        *(subject_keys(pool).keys(DEMO, order) for order in (people, people[::-1], people, people[::-1]))
    )
    assert all(answer == answers[0] for answer in answers)
    assert await key_rows(crm_database) == sorted((DEMO, person) for person in people)


async def test_one_who_gives_up_takes_nobody_along(pool: Counted) -> None:
    """The call is everybody's."""
    keys, one, two = subject_keys(pool), uuid4(), uuid4()
    leaving, staying = (asyncio.create_task(keys.keys(DEMO, [each])) for each in (one, two))
    await asyncio.sleep(0)
    leaving.cancel()
    assert two in await staying
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_tenants_have_keys_of_their_own(pool: Counted) -> None:
    """The same id is two people, and erasing one leaves the other."""
    keys, person = subject_keys(pool), uuid4()
    assert (await keys.keys(DEMO, [person]))[person] != (await keys.keys(OTHER_TENANT, [person]))[person]


async def test_the_erased_are_refused_by_name(pool: Counted, crm_database: str) -> None:
    """Only whose salt is gone; a key that is still kept goes once the log has refused it."""
    keys, erased, other = subject_keys(pool), uuid4(), uuid4()
    before = await keys.keys(DEMO, [erased, other])
    connection = await asyncpg.connect(crm_database)
    await connection.execute("update subject_keys set salt = null, erased_at = now() where subject_id = $1", erased)
    await connection.close()
    assert await keys.keys(DEMO, [erased, other]) == before
    keys.forget(DEMO, [erased])
    with pytest.raises(SubjectErased, match=str(erased)):
        await keys.keys(DEMO, [other, erased])
    assert (await keys.keys(DEMO, [other]))[other] == before[other]


async def test_an_answer_that_is_lost_makes_no_second_key(crm_database: str) -> None:
    """The server has the salt, and its answer never comes: it is found when asked again."""
    async with lossy_proxy(crm_database) as (proxy, url):
        store = await PostgresEventStore.connect(url, secret=MASTER, pauses=QUICK)
        await append(store, a_lead(), CAPTURED)
        proxy.lose_next_answer()
        lead = a_lead()
        await append(store, lead, CAPTURED, LeadQualified())
        assert proxy.losses == 1
        assert facts_of(await store.load(lead)) == [CAPTURED, LeadQualified()]
        assert len(await key_rows(crm_database)) == 2
        await store.close()


async def test_terminated_connections_cost_nobody_a_key(crm_database: str) -> None:
    """While backends end again and again, 16 writers capture 40 leads each, and all of them can be read."""
    store = await PostgresEventStore.connect(crm_database, secret=MASTER, pauses=QUICK)
    chance, captured, due = Random(1), 0, asyncio.Event()

    async def write() -> None:
        nonlocal captured
        for _ in range(40):
            await append(store, a_lead(), CAPTURED)
            captured += 1
            if captured % 32 == 0:
                due.set()

    async def terminate() -> int:
        killer, killed = await asyncpg.connect(crm_database), 0
        while captured < 16 * 40:
            await due.wait()
            due.clear()
            await asyncio.sleep(chance.uniform(0, 0.003))  # somewhere in the call that is under way
            killed += int(await killer.fetchval(TERMINATE) or 0)
        await killer.close()
        return killed

    terminating = asyncio.create_task(terminate())
    await asyncio.gather(*(write() for _ in range(16)))
    assert await terminating >= 10
    reader = await PostgresEventStore.connect(crm_database, secret=MASTER)  # the other's were ended a moment ago
    assert facts_of(await reader.read_all(after=START, limit=1_000)) == [CAPTURED] * 640
    await reader.close()
    await store.close()


async def test_a_server_that_is_down_is_unavailable(crm_database: str) -> None:
    """After the last attempt; nothing is stored."""
    async with lossy_proxy(crm_database) as (_, url):
        store = await PostgresEventStore.connect(url, secret=MASTER, pauses=(0.01,))
    with pytest.raises(EventStoreUnavailable):
        await append(store, a_lead(), CAPTURED)
    await store.close()


@pytest.mark.parametrize(("query", "arguments"), [("load", "'{stream}', 0, 99"), ("read_all", "0, 99, null, null, 99")])
async def test_nobody_s_events_cost_no_look_up(crm_database: str, query: str, arguments: str) -> None:
    """Where an event has no subject, its salt is not looked for; where it has one, by the primary key."""
    store = await PostgresEventStore.connect(crm_database, secret=MASTER)
    stream = a_stream()
    await store.append(stream, amounts(1, 2, 3), expected=EMPTY, origin=origin())
    connection = await asyncpg.connect(crm_database, server_settings={"role": "crm_worker"})
    await connection.execute(f"prepare reading as {queries('log')[query]}")

    async def salts_looked_up() -> int:
        explained = await connection.fetchval(
            f"explain (analyze, format json) execute reading({arguments.format(stream=stream)})"
        )
        nodes, found = [json.loads(explained)[0]["Plan"]], []
        while nodes:
            node = nodes.pop()
            nodes += node.get("Plans", [])
            found += [node] if node.get("Relation Name") == "subject_keys" else []
        (node,) = found
        assert node["Index Name"] == "subject_keys_pkey"
        return int(node["Actual Loops"])

    assert await salts_looked_up() == 0
    if query == "read_all":
        await append(store, a_lead(), CAPTURED, LeadQualified())
        assert await salts_looked_up() == 1
    await connection.close()
    await store.close()
