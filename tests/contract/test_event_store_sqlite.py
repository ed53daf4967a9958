"""The contract, on an SQLite file."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.contract.event_store import EventStoreContract, OpenStore, a_stream, append
from tests.contract.event_store_reading import EventLogContract
from write_side.adapters.recorder import RecorderEventStore


@pytest.fixture
async def open_store(tmp_path: Path) -> AsyncIterator[OpenStore]:
    """Stores over one file."""
    async with AsyncExitStack() as stack:

        async def opened() -> RecorderEventStore:
            store = RecorderEventStore.in_sqlite(tmp_path / "log of 100 %.sqlite")
            stack.push_async_callback(store.close)
            return store

        yield opened


class TestAppending(EventStoreContract):
    """Appending and streams."""


class TestReading(EventLogContract):
    """Reading across streams."""


async def test_the_log_is_in_the_file(tmp_path: Path) -> None:
    """A store that is opened later goes on where the one before ended."""
    file, stream = tmp_path / "log.sqlite", a_stream()
    first = RecorderEventStore.in_sqlite(file)
    head = (await append(first, stream, 1, 2)).head
    await first.close()
    second = RecorderEventStore.in_sqlite(file)
    try:
        assert (await append(second, stream, 3, expected=head)).position == 3
        assert [event.stream_version for event in await second.load(stream)] == [1, 2, 3]
    finally:
        await second.close()
