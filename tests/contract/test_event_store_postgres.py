"""The contract, on PostgreSQL, in the roles that the platform uses."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from uuid import UUID

import asyncpg
import pytest

from event_schemas.streams import TenantId
from tests.contract.event_store import EventStoreContract, OpenStore
from tests.contract.event_store_reading import EventLogContract
from tests.contract.event_store_sealing import Erase, EventStoreSealingContract, Lose
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


async def run(url: str, statement: str, tenant: TenantId, subject: UUID) -> None:
    """As the superuser, whom row security does not stop."""
    connection = await asyncpg.connect(url)
    assert await connection.execute(statement, tenant, subject) in ("UPDATE 1", "DELETE 1")
    await connection.close()


@pytest.fixture
def erase(crm_database: str) -> Erase:
    """Throws a salt away."""
    statement = "update subject_keys set salt = null, erased_at = now() where tenant = $1 and subject_id = $2"
    return partial(run, crm_database, statement)


@pytest.fixture
def lose(crm_database: str) -> Lose:
    """Loses a row."""
    return partial(run, crm_database, "delete from subject_keys where tenant = $1 and subject_id = $2")


class TestAppending(EventStoreContract):
    """Appending and streams."""


class TestReading(EventLogContract):
    """Reading across streams."""


class TestSealing(EventStoreSealingContract):
    """Personal data and its keys."""
