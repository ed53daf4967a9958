"""The contract, on PostgreSQL, in the roles that the platform uses."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tests.contract.event_store import EventStoreContract, OpenStore
from tests.contract.event_store_reading import EventLogContract
from write_side.adapters.postgres import PostgresEventStore


@pytest.fixture
async def open_store(crm_database: str) -> AsyncIterator[OpenStore]:
    """Stores over one database, each with its own connections."""
    async with AsyncExitStack() as stack:

        async def opened() -> PostgresEventStore:
            store = await PostgresEventStore.connect(crm_database)
            stack.push_async_callback(store.close)
            return store

        yield opened


class TestAppending(EventStoreContract):
    """Appending and streams."""


class TestReading(EventLogContract):
    """Reading across streams."""
