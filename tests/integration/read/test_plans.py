"""With more than 100,000 states, what is asked as of a moment finds its way by indexes."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest
import pytest_asyncio

from read_api.compiler.engine import NotCompiled
from read_api.compiler.plan import Plan
from read_api.cursors import Cursor, encode
from read_api.database import SETTINGS, Database
from read_api.graphql.types.deal import DEAL_LIST
from tests.support.databases import fresh_database, migrated_template
from tests.support.read_paths import NOW, BothPaths

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

MANY = Path(__file__).with_name("many_states.sql")
ID = "00000000-0000-4000-8000-000000000001"
AS_OF = {
    "recorded": '{at:"2026-03-01T00:00:00Z"}',
    "occurred": '{at:"2026-03-01T00:00:00Z",clock:OCCURRED}',
    "position": '{position:"60000"}',
}
NEIGHBOURS = (
    "id name owner{name team{name}} account{name parent{name}} product{name} stage{name} stageHistory{enteredAt}"
)
QUERIES = {
    "one": f'{{deal(id:"{ID}",asOf:%s){{{NEIGHBOURS}}}}}',
    "newest": f"{{deals(first:50,asOf:%s){{edges{{node{{{NEIGHBOURS}}}}}}}}}",
    "by name": f"{{deals(first:50,sort:NAME_ASC,asOf:%s){{edges{{node{{{NEIGHBOURS}}}}}}}}}",
    "an account's": f'{{account(id:"{ID}",asOf:%s){{parent{{name}} children{{edges{{node{{name}}}}}}'
    f" deals(first:20){{totalCount edges{{node{{{NEIGHBOURS}}}}}}}}}}}",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def crowded(postgres_url: str) -> AsyncIterator[str]:
    """The URL of a database with many states."""
    async with fresh_database(postgres_url, template=await migrated_template(postgres_url)) as url:
        connection = await asyncpg.connect(url)
        await connection.execute(MANY.read_text())
        await connection.execute("vacuum analyze")
        assert await connection.fetchval("select count(*) from entity_states") > 100_000
        await connection.close()
        yield url


INDEXES = {
    "one": "entity_states_pkey",
    "newest": "entity_states_at",
    "by name": "entity_states_name",
    "an account's": "entity_states_link",
}
CLOCK_INDEXES = {"recorded": "entity_states_recorded", "position": "entity_states_position"}


def indexes(plan: Any) -> set[str]:
    """The indexes that a plan uses."""
    own = {plan["Index Name"]} if "Index Name" in plan else set()
    return own.union(*(indexes(each) for each in plan.get("Plans", ())))


def scans(plan: Any) -> Iterator[str]:
    """Every scan of the states that does not go by an index."""
    if plan.get("Relation Name") == "entity_states" and plan["Node Type"] == "Seq Scan":
        yield str(plan.get("Filter"))
    for each in plan.get("Plans", ()):
        yield from scans(each)


async def planned(url: str, query: str) -> Any:
    """PostgreSQL's plan for the compiled statement, as the API's role, whatever the values."""
    database = await Database.connect(url)
    paths = BothPaths(database)
    assert not isinstance(await paths.compiled(query), NotCompiled)
    (plan,) = paths.engine._plans._kept.values()
    assert isinstance(plan, Plan)
    await database.close()
    connection = await asyncpg.connect(url, server_settings=SETTINGS)
    await connection.execute("select set_config('crm.tenant', 'demo', false)")
    await connection.execute(f"prepare compiled as {plan.sql}")
    nothing = f"({','.join(['null'] * len(plan.used))})" if plan.used else ""
    text = await connection.fetchval(f"explain (format json) execute compiled{nothing}")
    await connection.close()
    return orjson.loads(text)[0]["Plan"]


@pytest.mark.parametrize("clock", AS_OF)
@pytest.mark.parametrize("name", QUERIES)
async def test_states_are_found_by_index(name: str, clock: str, crowded: str) -> None:
    """Neither the entity nor its neighbours as of the same moment are looked for in all states, nor is the moment."""
    plan = await planned(crowded, QUERIES[name] % AS_OF[clock])
    assert list(scans(plan)) == []
    assert indexes(plan) >= {INDEXES[name], "entity_states_pkey"}
    assert clock not in CLOCK_INDEXES or CLOCK_INDEXES[clock] in indexes(plan)


async def test_the_next_page_is_found_by_index(crowded: str) -> None:
    """A page after a cursor, which is read from the states, does not read all of them."""
    sort = DEAL_LIST.sort(None)
    cursor = encode(DEAL_LIST.name, sort.name, sort.key.type, Cursor(60_000, None, NOW, UUID(ID), NOW))
    plan = await planned(crowded, f'{{deals(first:50,after:"{cursor}"){{edges{{node{{{NEIGHBOURS}}}}}}}}}')
    assert list(scans(plan)) == []
