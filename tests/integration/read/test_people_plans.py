"""With tens of thousands of people and activities, what is asked about one of them finds its way by indexes."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from tests.integration.read.test_plans import planned
from tests.support.databases import fresh_database, migrated_template

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

FILES = [Path(__file__).with_name(name) for name in ("many_states.sql", "many_people.sql")]
ACCOUNT = "00000000-0000-4000-8000-000000000001"
LEAD = "00000000-0000-4000-8000-0000000f4241"
CONTACT = "00000000-0000-4000-8000-0000001e8481"
USER = "00000000-0000-4000-8000-000000000001"
LARGE = {
    *("entity_states", "entity_links", "entity_timeline", "deal_board", "contact_list", "contact_accounts"),
    *("lead_list", "activity_list", "activity_related"),
}
AS_OF = {
    "now": "null",
    "recorded": '{at:"2026-03-01T00:00:00Z"}',
    "occurred": '{at:"2026-02-01T00:00:00Z",clock:OCCURRED}',
    "position": '{position:"60000"}',
}
QUERIES = {
    "lead": f'{{lead(id:"{LEAD}",asOf:%s){{name owner{{name}} activities{{totalCount edges{{node{{name}}}}}}}}}}',
    "contact": f'{{contact(id:"{CONTACT}",asOf:%s){{name accounts{{account{{name}}}} relations{{relation}}'
    " deals(first:5){totalCount edges{node{name}}} activities(first:5){totalCount edges{node{related{name}}}}}}",
    "newest leads": "{leads(first:20,asOf:%s){edges{node{name owner{name} account{name}}}}}",
    "leads by name": "{leads(first:20,sort:NAME_ASC,asOf:%s){edges{node{name}}}}",
    "contacts by name": "{contacts(first:20,asOf:%s){edges{node{name accounts{account{name}}}}}}",
    "newest activities": "{activities(first:20,asOf:%s){edges{node{name related{name}}}}}",
    "an account's people": f'{{account(id:"{ACCOUNT}",asOf:%s){{contacts(first:5){{totalCount edges{{node{{name}}}}}}'
    " activities(first:5){totalCount edges{node{name}}}}}",
    "an account's timeline": f'{{account(id:"{ACCOUNT}",asOf:%s){{'
    "timeline(first:20){totalCount edges{node{type entity{kind name}}}}}}",
}
AGENDAS = {
    "agenda": "{agenda(first:20){edges{node{name dueAt}}}}",
    "agenda of a user": f'{{agenda(first:20,ownerId:"{USER}"){{totalCount edges{{node{{name}}}}}}}}',
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def crowded(postgres_url: str) -> AsyncIterator[str]:
    """The URL of a database with many people."""
    async with fresh_database(postgres_url, template=await migrated_template(postgres_url)) as url:
        connection = await asyncpg.connect(url)
        for file in FILES:
            await connection.execute(file.read_text())
        await connection.execute("vacuum analyze")
        await connection.close()
        yield url


def scans(plan: Any) -> Iterator[str]:
    """Every look at the whole of a large table."""
    if plan.get("Relation Name") in LARGE and plan["Node Type"] == "Seq Scan":
        yield f"{plan['Relation Name']}: {plan.get('Filter')}"
    for each in plan.get("Plans", ()):
        yield from scans(each)


@pytest.mark.parametrize("moment", AS_OF)
@pytest.mark.parametrize("name", QUERIES)
async def test_people_are_found_by_index(name: str, moment: str, crowded: str) -> None:
    """Neither somebody, nor what belongs to them on either side of a link, is looked for in a whole table."""
    assert list(scans(await planned(crowded, QUERIES[name] % AS_OF[moment]))) == []


@pytest.mark.parametrize("name", AGENDAS)
async def test_an_agenda_is_found_by_index(name: str, crowded: str) -> None:
    """What is due next is read in its order."""
    assert list(scans(await planned(crowded, AGENDAS[name]))) == []
