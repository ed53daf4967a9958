"""Many streams begun in one call, as imports do, with the keys of the people whom they are about."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from msgspec.structs import replace

from event_schemas.activity import ActivityKind, ActivityLogged
from event_schemas.envelope import EMPTY, StreamHead
from event_schemas.people import Attribute
from event_schemas.registry import Event
from event_schemas.streams import START, StreamName, parse_stream, stream_name
from tests.contract.event_store import DEMO, a_stream, amounts, origin
from tests.contract.event_store_sealing import CAPTURED, NOTED, a_lead, assert_chained, facts_of
from tests.contract.subject_rows import erase_subject
from tests.integration.lossy_proxy import lossy_proxy
from tests.integration.test_log_faults import QUICK, TERMINATE, counter_held, until_waiting
from tests.support.events import some_id
from tests.support.network import free_port
from tests.support.secrets import MASTER
from write_side.adapters.bulk import BulkEventStore
from write_side.adapters.group_commit import MAX_BYTES
from write_side.application.beginning import Beginning
from write_side.application.ports import EventStoreUnavailable


@asynccontextmanager
async def opened(url: str, pauses: Sequence[float] = QUICK) -> AsyncIterator[BulkEventStore]:
    """A store that is closed at the end."""
    store = await BulkEventStore.connect(url, secret=MASTER, pauses=pauses)
    try:
        yield store
    finally:
        await store.close()


def leads(count: int) -> list[Beginning]:
    """Each of a person who is captured, then noted."""
    return [Beginning(a_lead(), (((CAPTURED,), origin()), ((NOTED,), origin()))) for _ in range(count)]


def subject_of(stream: StreamName) -> UUID:
    """Whom a lead's stream is about."""
    return UUID(parse_stream(stream).id)


async def said(store: BulkEventStore, stream: StreamName) -> list[Event]:
    """What is in a stream, whose hashes are right."""
    loaded = list(await store.load(stream))
    assert_chained(loaded)
    return facts_of(loaded)


async def test_what_is_new_is_there_with_its_keys(crm_database: str) -> None:
    """Sealed under keys that other processes find, in the order of the call; appending goes on after it."""
    heads: list[int] = []
    async with opened(crm_database) as store, opened(crm_database) as other:
        store._on_append = heads.append
        begun = leads(100)
        assert await store.begin_many(begun) == [True] * 100
        for one in begun:
            assert await said(other, one.stream) == [CAPTURED, NOTED]
        events = await other.read_all(after=START, limit=1_000)
        assert [event.position for event in events] == list(range(1, 201))
        assert [event.stream for event in events[::2]] == [one.stream for one in begun]
        assert heads == [200]
        head = StreamHead(2, events[1].hash)
        await other.append(begun[0].stream, (NOTED,), expected=head, origin=origin())
        assert await said(store, begun[0].stream) == [CAPTURED, NOTED, NOTED]
        assert await store.begin_many([]) == []


async def test_what_was_there_before_is_left_alone(crm_database: str) -> None:
    """A stream that others began, a person whose key is there, one who was erased; the others are begun."""
    async with opened(crm_database) as store:
        taken, known, erased, *new = leads(10)
        await store.append(taken.stream, (CAPTURED,), expected=EMPTY, origin=origin())
        await store._subjects.keys(DEMO, {subject_of(known.stream), subject_of(erased.stream)})
        assert await store.begin_many([*new, taken, known]) == [True] * 7 + [False, True]
        assert await said(store, taken.stream) == [CAPTURED]
        for one in (known, *new):
            assert await said(store, one.stream) == [CAPTURED, NOTED]
        await erase_subject(crm_database, DEMO, subject_of(erased.stream))
        assert await store.begin_many([erased]) == [False]
        assert await store.load(erased.stream) == []


async def test_words_about_somebody_else_are_sealed_with_their_key(crm_database: str) -> None:
    """A call with a person who was there before takes that person's key, and not a new one."""
    person = some_id("person")
    logged = ActivityLogged(
        kind=ActivityKind.CALL,
        subject="Prices",
        body="Asked",
        related=(),
        person_id=person,
        owner_id=None,
        minutes=None,
    )
    streams = [stream_name("activity", DEMO, some_id(f"activity {number}")) for number in range(3)]
    async with opened(crm_database) as store:
        await store.append(a_lead(id=person), (CAPTURED,), expected=EMPTY, origin=origin())
        assert await store.begin_many([Beginning(stream, (((logged,), origin()),)) for stream in streams]) == [True] * 3
        for stream in streams:
            assert await said(store, stream) == [logged]


async def test_what_cannot_be_encoded_is_left_out(crm_database: str) -> None:
    """It alone."""
    async with opened(crm_database) as store:
        bad, good = Beginning(a_stream(), ((amounts(-1), origin()),)), Beginning(a_stream(), ((amounts(1), origin()),))
        assert await store.begin_many([bad, good]) == [False, True]
        assert await store.begin_many([bad]) == [False]
        assert await store.head() == 1


async def test_large_rows_are_sent_in_parts(crm_database: str) -> None:
    """More than one call may hold: all are there, in their order."""
    wide = replace(CAPTURED, attributes=tuple(Attribute(f"a{number}", "x" * 2_000) for number in range(200)))
    begun = [Beginning(a_lead(), (((wide,), origin()),)) for _ in range(40)]
    async with opened(crm_database) as store:
        assert await store.begin_many(begun) == [True] * 40
        events = await store.read_all(after=START, limit=100)
        assert [event.stream for event in events] == [one.stream for one in begun]
        assert sum(len(event.data) for event in events) > 3 * MAX_BYTES


async def test_an_answer_that_is_lost_is_found_in_the_log(crm_database: str) -> None:
    """The server has stored them and its answer never comes: they are begun, and there once."""
    async with lossy_proxy(crm_database) as (proxy, url), opened(url) as store:
        await store.begin_many(leads(1))
        begun = leads(20)
        proxy.lose_next_answer()
        assert await store.begin_many(begun) == [True] * 20
        assert proxy.losses == 1
        assert await store.head() == 2 + 40


async def test_a_call_that_outlives_its_connection_is_not_taken_for_a_stranger_s(crm_database: str) -> None:
    """The first call is still under way in the server when it is sent again."""
    async with lossy_proxy(crm_database) as (proxy, url), opened(url) as store:
        await store.begin_many(leads(1))
        begun = leads(20)
        async with counter_held(crm_database) as other:
            waiting = asyncio.create_task(store.begin_many(begun))
            await until_waiting(other, 1)
            proxy.lose_clients()
            await until_waiting(other, 2)
        assert await waiting == [True] * 20
        assert await store.head() == 2 + 40


async def test_what_another_began_meanwhile_is_not_taken_for_the_lost_call(crm_database: str) -> None:
    """Two runs of one import, and a call that was broken off: what the other one stored is not all there is."""
    async with opened(crm_database, pauses=(0.5, 0.5)) as store, opened(crm_database) as other:
        begun = leads(20)
        async with counter_held(crm_database) as watching:
            waiting = asyncio.create_task(store.begin_many(begun))
            await until_waiting(watching, 1)
            assert await watching.fetchval(TERMINATE) == 1
        assert await other.begin_many(begun[-1:]) == [True]
        assert await waiting == [True] * 19 + [False]
        for one in begun:
            assert await said(store, one.stream) == [CAPTURED, NOTED]


async def test_a_server_that_is_away_is_told(crm_database: str) -> None:
    """After a bounded number of attempts."""
    url = crm_database.replace(crm_database.rpartition("@")[2].partition("/")[0], f"127.0.0.1:{free_port()}")
    async with opened(url, pauses=(0.01, 0.01)) as store:
        with pytest.raises(EventStoreUnavailable, match="does not answer"):
            await store.begin_many(leads(2))
