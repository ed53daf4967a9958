"""The contract, on an SQLite file."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from pathlib import Path
from uuid import UUID

import pytest
from eventsourcing.sqlite import SQLiteDatastore

from event_schemas.streams import TenantId
from tests.contract.event_store import EventStoreContract, OpenStore, a_stream, append
from tests.contract.event_store_reading import EventLogContract
from tests.contract.event_store_sealing import Erase, EventStoreSealingContract, Lose
from tests.support.secrets import MASTER
from write_side.adapters.keys import DerivedTenantKeys
from write_side.adapters.recorded_keys import SQLiteKeys
from write_side.adapters.recorder import RecorderEventStore

NAME = "log of 100 %.sqlite"


@pytest.fixture
def erase(tmp_path: Path) -> Erase:
    """Throws a salt away, through the file."""

    async def erased(tenant: TenantId, subject: UUID) -> None:
        datastore = SQLiteDatastore((tmp_path / NAME).as_uri(), originator_id_type="text")
        SQLiteKeys(datastore, DerivedTenantKeys(MASTER)).erase(tenant, subject)
        datastore.close()

    return erased


@pytest.fixture
def lose(tmp_path: Path) -> Lose:
    """Loses the rows."""

    async def lost(tenant: TenantId, subject: UUID) -> None:
        with closing(sqlite3.connect(tmp_path / NAME)) as connection:
            connection.execute("delete from subject_keys where (tenant, subject_id) = (?, ?)", (tenant, str(subject)))
            connection.commit()

    return lost


@pytest.fixture
async def open_store(tmp_path: Path) -> AsyncIterator[OpenStore]:
    """Stores over one file."""
    async with AsyncExitStack() as stack:

        async def opened() -> RecorderEventStore:
            store = RecorderEventStore.in_sqlite(tmp_path / NAME, secret=MASTER)
            stack.push_async_callback(store.close)
            return store

        yield opened


class TestAppending(EventStoreContract):
    """Appending and streams."""


class TestReading(EventLogContract):
    """Reading across streams."""


class TestSealing(EventStoreSealingContract):
    """Personal data and its keys."""


async def test_the_log_is_in_the_file(tmp_path: Path) -> None:
    """A store that is opened later goes on where the one before ended."""
    file, stream = tmp_path / "log.sqlite", a_stream()
    first = RecorderEventStore.in_sqlite(file, secret=MASTER)
    head = (await append(first, stream, 1, 2)).head
    await first.close()
    second = RecorderEventStore.in_sqlite(file, secret=MASTER)
    try:
        assert (await append(second, stream, 3, expected=head)).position == 3
        assert [event.stream_version for event in await second.load(stream)] == [1, 2, 3]
    finally:
        await second.close()
