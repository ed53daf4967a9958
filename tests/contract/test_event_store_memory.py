"""The contract, on a recorder in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import UUID

import pytest
from eventsourcing.popo import POPOApplicationRecorder

from event_schemas.streams import START, TenantId
from tests.contract.event_store import EventStoreContract, OpenStore, a_stream, append
from tests.contract.event_store_reading import EventLogContract, take
from tests.contract.event_store_sealing import Erase, EventStoreSealingContract, Lose
from write_side.adapters.recorded_keys import MemoryKeys
from write_side.adapters.recorder import RecorderEventStore


@pytest.fixture
def keys() -> MemoryKeys:
    """Those of all stores of a test."""
    return MemoryKeys()


@pytest.fixture
def erase(keys: MemoryKeys) -> Erase:
    """Throws a key away."""

    async def erased(tenant: TenantId, subject: UUID) -> None:
        keys.erase(tenant, subject)

    return erased


@pytest.fixture
def lose(keys: MemoryKeys, monkeypatch: pytest.MonkeyPatch) -> Lose:
    """Has no keys any more."""

    async def lost(_tenant: TenantId, _subject: UUID) -> None:
        monkeypatch.setattr(keys, "find", MemoryKeys().find)

    return lost


@pytest.fixture
async def open_store(keys: MemoryKeys) -> AsyncIterator[OpenStore]:
    """Stores over one recorder."""
    recorder = POPOApplicationRecorder()
    async with AsyncExitStack() as stack:

        async def opened() -> RecorderEventStore:
            store = RecorderEventStore(recorder, threaded=False, keys=keys)
            stack.push_async_callback(store.close)
            return store

        yield opened


class TestAppending(EventStoreContract):
    """Appending and streams."""


class TestReading(EventLogContract):
    """Reading across streams."""


class TestSealing(EventStoreSealingContract):
    """Personal data and its keys."""


async def test_an_append_wakes_followers_at_once() -> None:
    """A follower that hardly ever polls gets what its own store appends."""
    store = RecorderEventStore(POPOApplicationRecorder(), threaded=False, keys=MemoryKeys(), poll_seconds=3600)
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
    await append(one, a_stream(), 1, 2, 3)
    assert (await one.head(), await two.head()) == (3, 0)
