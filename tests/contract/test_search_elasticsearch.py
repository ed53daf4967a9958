"""The contract, on Elasticsearch: entities as the projections write them, searched as the API does."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from elasticsearch import AsyncElasticsearch

from projections.search_bootstrap import elasticsearch_client
from projections.sinks.connection import Connection, connected
from tests.contract.search import SearchContract
from tests.contract.search_pages import SearchPagesContract
from tests.support.databases import fresh_database, migrated_template
from tests.support.elastic import new_prefix, remove, searched_by
from tests.support.searching import Searched

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stores(postgres_url: str, elasticsearch_url: str) -> AsyncIterator[tuple[Connection, AsyncElasticsearch]]:
    """One database for all tests of this module, and the run's Elasticsearch."""
    async with (
        fresh_database(postgres_url, template=await migrated_template(postgres_url)) as url,
        elasticsearch_client(elasticsearch_url) as client,
        connected(url) as connection,
    ):
        yield connection, client


@pytest_asyncio.fixture(loop_scope="module")
async def searched(stores: tuple[Connection, AsyncElasticsearch]) -> AsyncIterator[Searched]:
    """Nothing to be found yet, and afterwards nothing again."""
    connection, client = stores
    prefix = new_prefix()
    yield await searched_by(client, connection, prefix)
    await remove(client, prefix)
    await connection.execute("update watermarks set position = 0")


class TestSearch(SearchContract):
    """How entities are found."""


class TestSearchPages(SearchPagesContract):
    """What is said of what was found."""
