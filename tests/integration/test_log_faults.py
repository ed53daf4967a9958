"""The event store in PostgreSQL while its connections break: what is acknowledged is there, and there once."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import msgspec
import pytest

from event_schemas.codec import decode
from event_schemas.envelope import EMPTY, StoredEvent, StreamHead
from event_schemas.ports import EventLogUnavailable
from event_schemas.streams import START, StreamName, TenantId
from tests.contract.event_store import a_stream, amounts, append, origin
from tests.integration.lossy_proxy import lossy_proxy
from tests.support.network import free_port
from tests.support.secrets import MASTER
from write_side.adapters.postgres import PostgresEventStore
from write_side.application.ports import Appended, EventStoreUnavailable, VersionConflict

QUICK = (0.01,) * 200
TERMINATE = """
select count(pg_terminate_backend(pid)) from pg_stat_activity
where datname = current_database() and application_name = 'eventcrm log as crm_append'
"""
WAITING = """
select count(*) from pg_stat_activity
where datname = current_database() and wait_event_type = 'Lock' and query like '%append_events%'
"""


@asynccontextmanager
async def opened(url: str, **options: Any) -> AsyncIterator[PostgresEventStore]:
    """A store that is closed at the end."""
    store = await PostgresEventStore.connect(url, secret=MASTER, **{"pauses": QUICK} | options)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def counter_held(url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Another writer has the log's counter and does not commit; a connection to watch from."""
    writer, watcher = await asyncpg.connect(url), await asyncpg.connect(url)
    try:
        async with writer.transaction():
            await writer.execute("select from log_head for update")
            yield watcher
    finally:
        await writer.close()
        await watcher.close()


async def until_waiting(connection: "asyncpg.Connection[asyncpg.Record]", calls: int) -> None:
    """Return once so many calls wait for the counter."""
    while await connection.fetchval(WAITING) < calls:
        await connection.execute("select pg_sleep(0.01)")


async def first_batch(store: PostgresEventStore) -> Sequence[StoredEvent]:
    """What following the whole log begins with."""
    return await anext(store.follow(after=START))


async def test_terminated_connections_lose_and_double_nothing(crm_database: str) -> None:
    """32 writers store 60 commands each, every one once, while their backends are terminated again and again."""
    heads: dict[StreamName, StreamHead] = {}
    acknowledged, terminated, chance, due = 0, 0, random.Random(1), asyncio.Event()

    async def write(store: PostgresEventStore) -> None:
        nonlocal acknowledged
        stream, head = a_stream(), EMPTY
        for number in range(60):
            head = (await append(store, stream, number, number, expected=head)).head
            acknowledged += 1
            if acknowledged % 48 == 0:
                due.set()
        heads[stream] = head

    async def terminate() -> None:
        nonlocal terminated
        killer = await asyncpg.connect(crm_database)
        try:
            while True:
                await due.wait()
                due.clear()
                await asyncio.sleep(chance.uniform(0, 0.003))  # somewhere in the call that is under way
                killed: int = await killer.fetchval(TERMINATE)
                terminated += killed
        finally:
            await killer.close()

    async with opened(crm_database) as store:
        terminating = asyncio.create_task(terminate())
        await asyncio.gather(*(write(store) for _ in range(32)))
        terminating.cancel()
        await asyncio.wait([terminating])
        events = await store.read_all(after=START, limit=10_000)
        assert [event.position for event in events] == list(range(1, 32 * 120 + 1))
        for stream, head in heads.items():
            loaded = await store.load(stream)
            assert head == StreamHead(120, loaded[-1].hash)
            assert [decode(event).event for event in loaded[::2]] == list(amounts(*range(60)))
    assert terminated >= 10


async def test_an_answer_that_is_lost_is_found_in_the_log(crm_database: str) -> None:
    """The server has stored the events and its answer never comes: the append succeeds, with the events there once."""
    async with lossy_proxy(crm_database) as (proxy, url), opened(url) as store:
        first = await append(store, a_stream(), 1)
        stream = a_stream()
        proxy.lose_next_answer()
        appended = await append(store, stream, 2, 3)
        assert proxy.losses == 1
        assert appended.position == first.position + 2
        assert [event.stream_version for event in await store.load(stream)] == [1, 2]
        assert await store.head() == appended.position


async def test_a_call_that_outlives_its_connection_is_not_taken_for_a_stranger_s(crm_database: str) -> None:
    """The first call is still under way in the server when it is sent again: the append succeeds, once."""
    stream = a_stream()
    async with lossy_proxy(crm_database) as (proxy, url), opened(url) as store:
        await append(store, a_stream(), 1)
        async with counter_held(crm_database) as other:
            waiting = asyncio.create_task(append(store, stream, 2, 3))
            await until_waiting(other, 1)
            proxy.lose_clients()
            await until_waiting(other, 2)
        appended = await waiting
        loaded = await store.load(stream)
        assert [event.position for event in loaded] == [2, 3]
        assert appended.head == StreamHead(2, loaded[-1].hash)


async def test_a_stranger_s_event_is_a_conflict_after_a_lost_answer_too(crm_database: str) -> None:
    """What another command stored meanwhile is not taken for the lost one."""
    stream = a_stream()
    async with lossy_proxy(crm_database) as (proxy, url), opened(url) as store, opened(crm_database) as stranger:
        first = await append(store, stream, 1)
        await append(stranger, stream, 2, expected=first.head)
        proxy.lose_next_answer()
        with pytest.raises(VersionConflict) as caught:
            await append(store, stream, 3, expected=first.head)
        assert (caught.value.expected, caught.value.actual) == (1, 2)
        assert proxy.losses == 1


async def test_a_server_that_is_away_is_told(crm_database: str) -> None:
    """Appends fail after a bounded number of attempts, reads and followers at once, all as unavailable."""
    url = crm_database.replace(crm_database.rpartition("@")[2].partition("/")[0], f"127.0.0.1:{free_port()}")
    async with opened(url, pauses=(0.01, 0.01)) as store:
        with pytest.raises(EventStoreUnavailable, match="does not answer"):
            await append(store, a_stream(), 1)
        with pytest.raises(EventLogUnavailable):
            await store.load(a_stream())
        with pytest.raises(EventLogUnavailable):
            await store.head()
        with pytest.raises(EventLogUnavailable):
            await first_batch(store)


async def test_a_follower_may_go_on_after_an_outage(crm_database: str) -> None:
    """It raises, and following again from where it was misses nothing."""
    async with lossy_proxy(crm_database) as (proxy, url), opened(url) as store, opened(crm_database) as other:
        waiting = asyncio.create_task(first_batch(store))
        await asyncio.sleep(0)
        while not waiting.done():
            proxy.lose_clients()
            await asyncio.sleep(0.01)
        with pytest.raises(EventLogUnavailable):
            await waiting
        await append(other, a_stream(), 1)
        assert [event.position for event in await first_batch(store)] == [1]


async def test_what_cannot_be_stored_fails_alone(crm_database: str) -> None:
    """A command that PostgreSQL refuses to take (a NUL in a name) is an error of its own; its neighbours are stored."""
    bad = TenantId("de\0mo")
    async with opened(crm_database) as store:
        outcomes = await asyncio.gather(
            append(store, a_stream(), 1),
            store.append(a_stream(), amounts(1), expected=EMPTY, origin=msgspec.structs.replace(origin(), tenant=bad)),
            append(store, a_stream(), 1),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in outcomes] == [Appended, asyncpg.CharacterNotInRepertoireError, Appended]
        assert await store.head() == 2


async def test_closing_waits_for_what_was_taken(crm_database: str) -> None:
    """Appends that wait are answered; later ones are refused as unavailable."""
    async with opened(crm_database) as store:
        async with counter_held(crm_database) as other:
            waiting = [asyncio.create_task(append(store, a_stream(), 1)) for _ in range(40)]
            await until_waiting(other, 1)
            closing = asyncio.create_task(store.close())
            await asyncio.sleep(0)
        assert all(isinstance(outcome, Appended) for outcome in await asyncio.gather(*waiting))
        await closing
        with pytest.raises(EventStoreUnavailable):
            await append(store, a_stream(), 1)
