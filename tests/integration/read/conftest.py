"""A database full of a random past, for all the read tests of a process; they leave it as it is."""

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from read_api.database import Database
from tests.support.databases import fresh_database, migrated_template
from tests.support.read_history import a_past
from tests.support.read_model import load_past
from tests.support.read_paths import BothPaths
from tests.support.read_story import Past
from tests.support.read_tokens import tokens_of

TENANTS = {"demo": 300, "other": 60}


@pytest.fixture(scope="session")
def past() -> Past:
    """What happened."""
    return a_past(1, tenants=TENANTS)


@pytest.fixture(scope="session")
def tokens(past: Past) -> dict[str, str]:
    """Names of the past's values."""
    return tokens_of(past)


@pytest.fixture(scope="session")
def read_url(postgres_url: str, past: Past) -> Iterator[str]:
    """The URL of the database that holds the past."""
    with asyncio.Runner() as runner:
        database = fresh_database(postgres_url, template=runner.run(migrated_template(postgres_url)))
        url = runner.run(database.__aenter__())
        runner.run(load_past(url, past))
        yield url
        runner.run(database.__aexit__(None, None, None))


@pytest.fixture
def dropped_coroutines() -> Iterator[None]:
    """The executor drops what it need not resolve any more, once a field beside it failed, without awaiting it."""
    yield
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="coroutine .* was never awaited")
        gc.collect()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def paths(read_url: str) -> AsyncIterator[BothPaths]:
    """Both ways of executing a query."""
    database = await Database.connect(read_url)
    yield BothPaths(database)
    await database.close()
