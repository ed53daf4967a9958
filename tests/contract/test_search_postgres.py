"""The contract, on PostgreSQL: entities as the projections write them, searched in the API's transactions."""

from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio

from event_schemas.envelope import StoredEvent
from event_schemas.streams import TenantId
from projections.catalog import ViewGroup
from projections.changes import Change
from projections.runner import Runner
from projections.sinks.connection import Connection, connected
from projections.sinks.documents import StoredDocuments
from projections.sinks.postgres import postgres_sink
from projections.sinks.progress import Progress
from projections.views import search_entries
from read_api.database import Database
from read_api.postgres_search import PostgresSearch
from read_api.search import Answer, Question
from tests.contract.search import SearchContract
from tests.contract.search_pages import SearchPagesContract
from tests.support.databases import fresh_database, migrated_template
from tests.support.events import DEMO
from tests.support.searching import Searched

pytestmark = pytest.mark.asyncio(loop_scope="module")

GROUP: ViewGroup[Change] = ViewGroup("postgres", search_entries)


class PostgresSearched:
    """Over a database that holds nothing but what can be searched."""

    def __init__(self, runner: Runner[Change], database: Database) -> None:
        self._runner = runner
        self._database = database

    async def learn(self, events: Sequence[StoredEvent]) -> None:
        """Take the view to the end of the events."""
        await self._runner.project(events)

    async def find(self, question: Question, tenant: TenantId = DEMO) -> Answer:
        """Ask in a transaction of its own."""
        async with self._database.transaction(tenant) as transaction:
            return await PostgresSearch(transaction).find(question)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def connections(postgres_url: str) -> AsyncIterator[tuple[Connection, Database]]:
    """To one database for all tests of this module: of the projections, and of the API."""
    async with fresh_database(postgres_url, template=await migrated_template(postgres_url)) as url:
        database = await Database.connect(url)
        async with connected(url) as writing:
            yield writing, database
        await database.close()


@pytest_asyncio.fixture(loop_scope="module")
async def searched(connections: tuple[Connection, Database]) -> AsyncIterator[Searched]:
    """Nothing to be found yet, and afterwards nothing again."""
    writing, database = connections
    sink = await postgres_sink(writing, GROUP.tables, StoredDocuments(group=GROUP.name, connection=writing))
    runner = Runner(group=GROUP, progress=Progress(group=GROUP.name, connection=writing), sink=sink)
    await runner.resume()
    yield PostgresSearched(runner, database)
    for table in (*GROUP.tables, "documents"):
        await writing.execute(f"delete from {table}")
    await writing.execute("update watermarks set position = 0")


class TestSearch(SearchContract):
    """How entities are found."""


class TestSearchPages(SearchPagesContract):
    """What is said of what was found."""
