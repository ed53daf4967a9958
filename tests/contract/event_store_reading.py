"""What every event store holds to: reading the whole log, an entity's events, and following."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import uuid4

import pytest

from event_schemas.account import AccountArchived, AccountParentSet
from event_schemas.deal import DealReopened
from event_schemas.envelope import EMPTY, StoredEvent
from event_schemas.ports import ANY, EventFilter
from event_schemas.streams import START, Position, stream_name
from tests.contract.event_store import DEMO, OTHER_TENANT, OpenStore, a_stream, amounts, append, origin
from write_side.application.ports import EventStore

ENOUGH = 1000


async def positions(
    store: EventStore, after: int, limit: int, where: EventFilter = ANY, until: int | None = None
) -> list[int]:
    """Where the events are that ``read_all`` finds."""
    last = None if until is None else Position(until)
    return [
        event.position for event in await store.read_all(after=Position(after), limit=limit, where=where, until=last)
    ]


async def take(following: AsyncIterator[Sequence[StoredEvent]], count: int) -> list[StoredEvent]:
    """The next so many events, and what came in the same batches."""
    events: list[StoredEvent] = []
    while len(events) < count:
        batch = await anext(following)
        assert batch
        events += batch
    return events


class EventLogContract:
    """Reading across streams."""

    @pytest.fixture
    async def store(self, open_store: OpenStore) -> EventStore:
        return await open_store()

    async def test_an_empty_log(self, store: EventStore) -> None:
        """Has its head at 0 and nothing to read."""
        assert await store.head() == START
        assert await positions(store, 0, ENOUGH) == []
        assert list(await store.read_entity(DEMO, uuid4(), after=START, limit=ENOUGH)) == []

    async def test_read_all_is_in_the_order_of_positions(self, store: EventStore) -> None:
        """Across streams, from after one position to another, at most so many, none left out."""
        first, second = a_stream(), a_stream()
        one = await append(store, first, 1, 2)
        await append(store, second, 3)
        await append(store, first, 4, expected=one.head)
        assert await store.head() == 4
        events = await store.read_all(after=START, limit=ENOUGH)
        assert [(e.position, e.stream, e.stream_version) for e in events] == [
            (1, first, 1),
            (2, first, 2),
            (3, second, 1),
            (4, first, 3),
        ]
        assert await positions(store, 1, 2) == [2, 3]
        assert await positions(store, 1, ENOUGH, until=3) == [2, 3]
        assert await positions(store, 1, 1, until=3) == [2]
        assert await positions(store, 4, ENOUGH) == await positions(store, 100, ENOUGH) == []
        assert await positions(store, 0, ENOUGH, until=0) == await positions(store, 3, ENOUGH, until=2) == []

    async def test_read_all_takes_a_filter(self, store: EventStore) -> None:
        """By tenant, by types, by both; the limit counts what is wanted."""
        for tenant in (DEMO, OTHER_TENANT, DEMO):
            facts = (*amounts(1), DealReopened(stage_id=uuid4()))
            await store.append(a_stream(tenant), facts, expected=EMPTY, origin=origin(tenant=tenant))
        reopened = frozenset({"deal.reopened"})
        both = frozenset({"deal.reopened", "deal.amount_changed"})
        assert await positions(store, 0, ENOUGH, EventFilter(tenant=DEMO)) == [1, 2, 5, 6]
        assert await positions(store, 0, ENOUGH, EventFilter(types=reopened)) == [2, 4, 6]
        assert await positions(store, 0, 2, EventFilter(types=reopened)) == [2, 4]
        assert await positions(store, 0, ENOUGH, EventFilter(tenant=OTHER_TENANT, types=reopened)) == [4]
        assert await positions(store, 0, ENOUGH, EventFilter(types=both), until=4) == [1, 2, 3, 4]
        assert await positions(store, 0, ENOUGH, EventFilter(types=frozenset())) == []
        assert await positions(store, 0, ENOUGH, EventFilter(tenant=DEMO, types=frozenset({"deal.won"}))) == []

    async def test_a_log_is_read_in_pages(self, store: EventStore) -> None:
        """Going on from the last position of each page reads every event once."""
        for _ in range(3):
            await append(store, a_stream(), *range(1, 901))
        seen: list[int] = []
        while page := await positions(store, seen[-1] if seen else 0, 700):
            seen += page
        assert seen == list(range(1, 2701))

    async def test_an_entity_is_found_in_every_stream(self, store: EventStore) -> None:
        """Its own stream and the hierarchy's, in the order of positions, of its own tenant only."""
        account, other = uuid4(), uuid4()
        for tenant in (DEMO, OTHER_TENANT):
            hierarchy = stream_name("account_hierarchy", tenant, "accounts")
            parents = [AccountParentSet(account_id=each, parent_id=None) for each in (account, other, account)]
            await store.append(hierarchy, parents, expected=EMPTY, origin=origin(tenant=tenant))
            own = stream_name("account", tenant, account)
            await store.append(own, (AccountArchived(),), expected=EMPTY, origin=origin(tenant=tenant))

        async def found(after: int, limit: int = ENOUGH) -> list[int]:
            events = await store.read_entity(DEMO, account, after=Position(after), limit=limit)
            return [event.position for event in events]

        assert await found(0) == [1, 3, 4]
        assert await found(1) == [3, 4]
        assert await found(0, limit=2) == [1, 3]
        assert await found(4) == []

    async def test_following_begins_with_what_is_there(self, store: EventStore) -> None:
        """All events after the position, in order, however many."""
        for _ in range(3):
            await append(store, a_stream(), *range(1, 901))
        following = store.follow(after=Position(10))
        assert [event.position for event in await take(following, 2690)] == list(range(11, 2701))

    async def test_following_goes_on_with_what_is_appended(self, store: EventStore, open_store: OpenStore) -> None:
        """By the same store object or by another one; nothing is missed in between."""
        following, other = store.follow(after=START), await open_store()
        waiting = asyncio.create_task(take(following, 1))
        for number, appender in enumerate((store, other, store, other), start=1):
            await append(appender, a_stream(), number)
            assert [event.position for event in await asyncio.wait_for(waiting, 10)] == [number]
            waiting = asyncio.create_task(take(following, 1))
        waiting.cancel()

    async def test_following_takes_a_filter(self, store: EventStore) -> None:
        """Only batches with something wanted in them come, also when what is not wanted lies in between."""
        following = store.follow(after=START, where=EventFilter(tenant=DEMO, types=frozenset({"deal.amount_changed"})))
        waiting = asyncio.create_task(take(following, 2))
        for tenant in (OTHER_TENANT, DEMO, OTHER_TENANT, DEMO):
            facts = (DealReopened(stage_id=uuid4()), *amounts(1))
            await store.append(a_stream(tenant), facts, expected=EMPTY, origin=origin(tenant=tenant))
        assert [event.position for event in await asyncio.wait_for(waiting, 10)] == [4, 8]

    async def test_many_may_follow(self, store: EventStore) -> None:
        """Each gets every event, and one that stops stops no other."""
        readers = [asyncio.create_task(take(store.follow(after=START), 6)) for _ in range(5)]
        await append(store, a_stream(), 1, 2, 3)
        readers[0].cancel()
        await append(store, a_stream(), 4, 5, 6)
        for reader in readers[1:]:
            assert [event.position for event in await asyncio.wait_for(reader, 10)] == [1, 2, 3, 4, 5, 6]
