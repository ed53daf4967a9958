"""The contract, on a recorder in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from eventsourcing.popo import POPOApplicationRecorder

from event_schemas.streams import START
from tests.contract.event_store import EventStoreContract, OpenStore, a_stream, append
from tests.contract.event_store_reading import EventLogContract, take
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


async def test_an_append_wakes_followers_at_once() -> None:
    """A follower that hardly ever polls gets what its own store appends."""
    store = RecorderEventStore(POPOApplicationRecorder(), threaded=False, poll_seconds=3600)
    following = store.follow(after=START)
    for number in (1, 2, 3):
        waiting = asyncio.create_task(take(following, 1))
        await asyncio.sleep(0.05)
        await append(store, a_stream(), 1)
        assert [event.position for event in await asyncio.wait_for(waiting, 10)] == [number]
    await store.close()


async def test_an_empty_store_is_made_in_one_call() -> None:
    """Two of them share nothing."""
    one, two = RecorderEventStore.in_memory(), RecorderEventStore.in_memory()
    await EventStoreContract().test_an_event_is_stored_once(one)
    assert (await one.head(), await two.head()) == (3, 0)
