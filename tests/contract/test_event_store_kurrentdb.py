"""The contract, on a protocol double of EventStoreDB / KurrentDB with the client that is here, and on a live server.

The keys of people's data are in PostgreSQL, as they are in use. A live server is the one at CRM_LIVE_EVENTSTORE_URL; it
may be shared, since every test has tenants of its own.
"""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import pytest

from tests.contract.event_store import EventStoreContract
from tests.contract.event_store_reading import EventLogContract
from tests.contract.event_store_sealing import Erase, EventStoreSealingContract, Lose
from tests.contract.event_store_trial import OpenStore
from tests.contract.subject_rows import erase_subject, lose_subject
from tests.support.kurrent_double import kurrent_double
from tests.support.secrets import MASTER
from write_side.adapters.kurrent_url import is_kurrent_url
from write_side.adapters.kurrentdb import KurrentEventStore

LIVE_URL = os.environ.get("CRM_LIVE_EVENTSTORE_URL")


def test_live_event_store() -> None:
    """What follows runs on a live server too, or says that it does not."""
    if not LIVE_URL:
        pytest.skip("live event store: not run (CRM_LIVE_EVENTSTORE_URL is not set)")
    assert is_kurrent_url(LIVE_URL)


@pytest.fixture(params=["double", "live"] if LIVE_URL else ["double"])
async def kurrent_url(request: Any) -> AsyncIterator[str]:
    """Where the server is."""
    if request.param == "live":
        assert LIVE_URL is not None
        yield LIVE_URL
        return
    async with kurrent_double() as double:
        yield double.url


@pytest.fixture
async def open_store(kurrent_url: str, crm_database: str) -> AsyncIterator[OpenStore]:
    """Stores over one server, each with its own connections."""
    async with AsyncExitStack() as stack:

        async def opened() -> KurrentEventStore:
            store = await KurrentEventStore.connect(kurrent_url, postgres_url=crm_database, secret=MASTER)
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

    DENSE = False


class TestReading(EventLogContract):
    """Reading across streams."""

    DENSE = False


class TestSealing(EventStoreSealingContract):
    """Personal data and its keys."""

    DENSE = False
