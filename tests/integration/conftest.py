"""The running API and the client of Elasticsearch, and a double of EventStoreDB, for the tests of this folder."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import redis
from elasticsearch import AsyncElasticsearch

from projections.search_bootstrap import elasticsearch_client
from tests.support.api import Client, running_api
from tests.support.elastic import new_prefix, remove
from tests.support.kurrent_double import KurrentDouble, kurrent_double
from tests.support.servers import Servers, redis_database


@pytest.fixture(scope="module")
def module_redis_url(servers: Servers, worker_id: str) -> str:
    """The URL of a Redis database that is empty when the module begins."""
    url = redis_database(servers.redis_url, worker_id)
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(servers: Servers, module_redis_url: str) -> AsyncIterator[Client]:
    """One API for all tests of a module, which take ids and names of their own."""
    async with running_api(servers, module_redis_url) as client:
        yield client


@pytest.fixture
async def elasticsearch(elasticsearch_url: str) -> AsyncIterator[AsyncElasticsearch]:
    """A client of the run's server."""
    async with elasticsearch_client(elasticsearch_url) as client:
        yield client


@pytest.fixture
async def prefix(elasticsearch: AsyncElasticsearch) -> AsyncIterator[str]:
    """Of indices that only this test has."""
    prefix = new_prefix()
    yield prefix
    await remove(elasticsearch, prefix)


@pytest.fixture
async def double() -> AsyncIterator[KurrentDouble]:
    """A protocol double of EventStoreDB, for one test."""
    async with kurrent_double() as one:
        yield one
