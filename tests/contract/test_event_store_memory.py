"""The contract, on a recorder in memory."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from eventsourcing.popo import POPOApplicationRecorder

from tests.contract.event_store import EventStoreContract, OpenStore
from tests.contract.event_store_reading import EventLogContract
from write_side.adapters.recorder import RecorderEventStore


@pytest.fixture
async def open_store() -> AsyncIterator[OpenStore]:
    """Stores over one recorder."""
    recorder = POPOApplicationRecorder()
    async with AsyncExitStack() as stack:

        async def opened() -> RecorderEventStore:
            store = RecorderEventStore(recorder, threaded=False)
            stack.push_async_callback(store.close)
            return store

        yield opened


class TestAppending(EventStoreContract):
    """Appending and streams."""


class TestReading(EventLogContract):
    """Reading across streams."""


async def test_an_empty_store_is_made_in_one_call() -> None:
    """Two of them share nothing."""
    one, two = RecorderEventStore.in_memory(), RecorderEventStore.in_memory()
    await EventStoreContract().test_an_event_is_stored_once(one)
    assert (await one.head(), await two.head()) == (3, 0)
