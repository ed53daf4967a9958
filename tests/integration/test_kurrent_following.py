"""Following a protocol double of EventStoreDB / KurrentDB that goes wrong: every event, once, in order."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from event_schemas.codec import UndecodableEvent, decode
from event_schemas.envelope import StoredEvent
from event_schemas.ports import EventFilter, EventLogUnavailable
from event_schemas.streams import START, Position, TenantId
from tests.contract.event_store import OTHER_TENANT, a_stream, append
from tests.contract.event_store_reading import take
from tests.support.kurrent import everything, followed, kurrent_store
from tests.support.kurrent_double import KurrentDouble
from tests.support.kurrent_double_log import ANY, Proposed
from write_side.adapters.kurrentdb import KurrentEventStore

OUTLASTING = (0.01,) * 25
"""Pauses of a follower whom all faults of a test may meet, one after the other."""


@pytest.fixture
async def store(double: KurrentDouble) -> AsyncIterator[KurrentEventStore]:
    """A store over it."""
    async with kurrent_store(double) as one:
        yield one


def foreign(double: KurrentDouble, count: int, *, stream: str = "orders-17", metadata: bytes = b"") -> None:
    """Events of another application."""
    for _ in range(count):
        event = Proposed(uuid4(), "OrderPlaced", "application/json", metadata, b"{}")
        double.log.append(stream, ANY, [event])


def positions(events: list[StoredEvent]) -> list[Position]:
    """Where they are."""
    return [event.position for event in events]


@pytest.mark.parametrize("fault", ["too_slow", "cut_off", "duplicates", "not_leader", "unavailable"])
async def test_a_follower_gets_every_event_once(double: KurrentDouble, fault: str) -> None:
    """While subscriptions are dropped, cut off, repeat themselves or are sent elsewhere, all along the way."""
    async with kurrent_store(double, pauses=OUTLASTING) as store:
        for number in range(1, 11):
            await append(store, a_stream(), *range(number))
        following = asyncio.create_task(followed(store, 110))
        for number in range(1, 11):
            if fault == "unavailable":
                double.faults.unavailable["Read"] += 1
                double.faults.cut_off += 1
            else:
                setattr(double.faults, fault, getattr(double.faults, fault) + 2)
            foreign(double, 3)
            await append(store, a_stream(), *range(number))
        events = await asyncio.wait_for(following, 30)
        assert double.faults.happened[fault] >= 2
        double.faults.unavailable.clear()
        double.faults.cut_off = double.faults.duplicates = 0
        assert positions(events) == positions(list(await everything(store)))
        assert len(events) == 110


async def test_a_follower_outlives_restarts(double: KurrentDouble, store: KurrentEventStore) -> None:
    """The server is away and comes back with its data: the follower goes on where it was."""
    following = asyncio.create_task(followed(store, 40))
    for _ in range(4):
        await append(store, a_stream(), *range(10))
        await double.restart()
    events = await asyncio.wait_for(following, 30)
    assert positions(events) == positions(list(await everything(store)))


async def test_a_slow_follower_holds_only_so_much(double: KurrentDouble, store: KurrentEventStore) -> None:
    """Whoever takes one batch and then nothing for a while finds everything later, in batches of bounded size."""
    for _ in range(4):
        await append(store, a_stream(), *range(900))
    following = store.follow(after=START)
    first = await anext(following)
    double.faults.too_slow = 3
    await append(store, a_stream(), *range(10))
    rest = await take(following, 3610 - len(first))
    assert positions([*first, *rest]) == positions(list(await everything(store)))
    await following.aclose()  # type: ignore[attr-defined] # it is a generator


async def test_a_follower_s_place_moves_past_what_it_does_not_want(
    double: KurrentDouble, store: KurrentEventStore
) -> None:
    """After a break the server need not look again at what was left out: its checkpoints are kept."""
    appended = await append(store, a_stream(), 1)
    following = asyncio.create_task(followed(store, 2))
    await double.streams.until(lambda: double.streams.subscribed_from)
    foreign(double, 1500)
    async with asyncio.timeout(20):
        while double.streams.subscribed_from[-1] in (None, appended.position):
            await double.restart()
            await double.streams.until(lambda: double.streams.subscribed_from)
    resumed_at = double.streams.subscribed_from[-1]
    assert resumed_at is not None
    assert double.log.records[-1].position > resumed_at > appended.position
    await append(store, a_stream(), 2)
    assert len(await asyncio.wait_for(following, 10)) == 2


async def test_nobody_else_s_events_are_shown(double: KurrentDouble, store: KurrentEventStore) -> None:
    """Neither the server's own, nor links, nor those of other applications, by any way of reading."""
    foreign(double, 5)
    await append(store, a_stream(), 1, 2)
    foreign(double, 5, stream="deal-without a tenant")
    foreign(double, 1, stream="$ours-demo~1")
    await append(store, a_stream(), 3)
    assert len(double.log.records) > 20
    wanted = EventFilter(types=frozenset({"deal.amount_changed", "OrderPlaced", "$>"}))
    for events in (await everything(store), await everything(store, wanted), await followed(store, 3)):
        assert [event.type for event in events] == ["deal.amount_changed"] * 3
    assert await store.head() == (await everything(store))[-1].position


async def test_an_unreadable_event_stops_nobody(double: KurrentDouble, store: KurrentEventStore) -> None:
    """Whatever was written into a stream of ours is handed on, and is an error only for who decodes it."""
    stream = a_stream()
    await append(store, stream, 1)
    for metadata in (b"", b"{}", b"\xff", b"[" * 100_000):
        foreign(double, 1, stream=stream, metadata=metadata)
    await append(store, a_stream(), 2)
    events = await followed(store, 6)
    assert [event.stream_version for event in events] == [1, 2, 3, 4, 5, 1]
    for event in events[1:5]:
        with pytest.raises(UndecodableEvent):
            decode(event)


async def test_a_position_that_is_no_event_s_is_a_place_all_the_same(
    double: KurrentDouble, store: KurrentEventStore
) -> None:
    """The server refuses it; the log goes on after it, and beyond the end there is nothing yet."""
    await append(store, a_stream(), 1, 2, 3)
    first, second, third = positions(list(await everything(store)))
    between, beyond = Position(second - 1), Position(third + 1_000_000)
    assert positions(list(await store.read_all(after=between, limit=10))) == [second, third]
    assert list(await store.read_all(after=beyond, limit=10)) == []
    assert positions(await followed(store, 2, after=between)) == [second, third]
    assert first < between


async def test_a_server_that_stays_away_is_told_of(double: KurrentDouble) -> None:
    """Followers and readers hear of it when their patience ends, and go on when it is back."""
    async with kurrent_store(double, pauses=(0.01, 0.02)) as store:
        await append(store, a_stream(), 1)
        following = store.follow(after=START)
        (event,) = await anext(following)
        await double.stop()
        with pytest.raises(EventLogUnavailable, match="does not answer"):
            await asyncio.wait_for(anext(following), 10)
        with pytest.raises(EventLogUnavailable, match="does not answer"):
            await store.head()
        await double.start()
        async with asyncio.timeout(10):
            while True:
                try:
                    assert await store.head() == event.position
                except EventLogUnavailable:
                    continue
                break


async def test_closing_the_log_ends_its_followers(double: KurrentDouble, store: KurrentEventStore) -> None:
    """Whoever waits is told, and waits no longer."""
    await append(store, a_stream(), 1)
    following = store.follow(after=START)
    await anext(following)
    waiting = asyncio.ensure_future(anext(following))
    await asyncio.sleep(0)
    await store.close()
    with pytest.raises(EventLogUnavailable):
        await asyncio.wait_for(waiting, 10)
    with pytest.raises(EventLogUnavailable):
        await store.head()


@pytest.mark.parametrize("fault", ["cut_off", "duplicates", "unavailable"])
async def test_what_is_read_is_whole(double: KurrentDouble, store: KurrentEventStore, fault: str) -> None:
    """A read that breaks off is no shorter stream, and what is sent twice is there once, while others reconnect too."""
    streams = [a_stream() for _ in range(10)]
    for stream in streams:
        await append(store, stream, *range(50))
    for _ in range(5):
        if fault == "unavailable":
            double.faults.unavailable["Read"] += 2
        else:
            setattr(double.faults, fault, 3)
        loaded, _, everybody = await asyncio.gather(
            store.load_many(dict.fromkeys(streams, 0)), store.head(), everything(store)
        )
        for stream in streams:
            assert [event.stream_version for event in loaded[stream]] == list(range(1, 51))
        assert [len(everybody), len(set(positions(list(everybody))))] == [500, 500]


async def test_a_page_is_full_whatever_comes_twice(double: KurrentDouble, store: KurrentEventStore) -> None:
    """Fewer events than asked for mean the end of the log, and nothing else does."""
    await append(store, a_stream(), *range(12))
    seen: list[Position] = []
    while len(seen) < 12:
        double.faults.duplicates = 3
        page = await store.read_all(after=seen[-1] if seen else START, limit=4)
        assert len(page) == 4
        seen += positions(list(page))
    double.faults.duplicates = 0
    assert seen == positions(list(await everything(store)))


async def test_a_tenant_sees_its_own_log(store: KurrentEventStore) -> None:
    """By every way of reading; another's streams look as if they were not there."""
    mine, theirs = a_stream(), a_stream(OTHER_TENANT)
    first = await append(store, mine, 1)
    last = await append(store, theirs, 2)
    await append(store, mine, 3, expected=first.head)
    log = store.of_tenant(TenantId("demo"))
    assert list(await log.load(theirs)) == []
    assert await log.load_many({theirs: 0, mine: 1}) == {theirs: [], mine: list(await store.load(mine))[1:]}
    seen = await log.read_all(after=START, limit=10)
    assert {event.stream for event in seen} == {mine}
    assert list(await log.read_all(after=START, limit=10, where=EventFilter(tenant=OTHER_TENANT))) == []
    assert (await log.head(), len(seen)) == (seen[-1].position, 2)
    assert [event.stream for event in await take(log.follow(after=START), 2)] == [mine, mine]
    assert await store.of_tenant(OTHER_TENANT).head() == last.position
