"""The contract, on PostgreSQL, in the roles that the platform uses."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial

import pytest

from tests.contract.event_store import EventStoreContract, OpenStore
from tests.contract.event_store_reading import EventLogContract
from tests.contract.event_store_sealing import Erase, EventStoreSealingContract, Lose
from tests.contract.subject_rows import erase_subject, lose_subject
from tests.support.secrets import MASTER
from write_side.adapters.postgres import PostgresEventStore


@pytest.fixture
async def open_store(crm_database: str) -> AsyncIterator[OpenStore]:
    """Stores over one database, each with its own connections."""
    async with AsyncExitStack() as stack:

        async def opened() -> PostgresEventStore:
            store = await PostgresEventStore.connect(crm_database, secret=MASTER)
            stack.push_async_callback(store.close)
            return store

        yield opened


@pytest.fixture
def erase(crm_database: str) -> Erase:
    """Throws a salt away."""
    return partial(erase_subject, crm_database)


@pytest.fixture
def lose(crm_database: str) -> Lose:
    """Loses a row."""
    return partial(lose_subject, crm_database)


class TestAppending(EventStoreContract):
    """Appending and streams."""


class TestReading(EventLogContract):
    """Reading across streams."""


class TestSealing(EventStoreSealingContract):
    """Personal data and its keys."""
