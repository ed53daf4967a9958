"""What every event store holds to: reading the whole log, an entity's events, and following."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import uuid4

from event_schemas.account import AccountArchived, AccountParentSet
from event_schemas.deal import DealReopened
from event_schemas.envelope import EMPTY, StoredEvent
from event_schemas.ports import ANY, EventFilter
from event_schemas.streams import TenantId, stream_name
from tests.contract.event_store import a_stream, amounts, append, origin
from tests.contract.event_store_trial import EventStoreTrial, OpenStore, Ordinals
from write_side.application.ports import EventStore

ENOUGH = 1000


async def take(following: AsyncIterator[Sequence[StoredEvent]], count: int) -> list[StoredEvent]:
    """The next so many events, and what came in the same batches."""
    events: list[StoredEvent] = []
    while len(events) < count:
        batch = await anext(following)
        assert batch
        events += batch
    return events


class EventLogContract(EventStoreTrial):
    """Reading across streams."""

    async def test_an_empty_log(self, store: EventStore, tenant: TenantId, ordinals: Ordinals) -> None:
        """Has its head before the first event, and nothing to read."""
        assert await ordinals.head() == 0
        assert await _found(store, ordinals, 0, ENOUGH) == []
        start = await ordinals.position(0)
        assert list(await store.read_entity(tenant, uuid4(), after=start, limit=ENOUGH)) == []

    async def test_read_all_is_in_the_order_of_positions(
        self, store: EventStore, tenant: TenantId, ordinals: Ordinals
    ) -> None:
        """Across streams, from after one position to another, at most so many, none left out."""
        first, second = a_stream(tenant), a_stream(tenant)
        one = await append(store, first, 1, 2)
        await append(store, second, 3)
        await append(store, first, 4, expected=one.head)
        assert await ordinals.head() == 4
        events = await store.read_all(after=await ordinals.position(0), limit=ENOUGH)
        assert await ordinals.of(events) == [1, 2, 3, 4]
        assert [(e.stream, e.stream_version) for e in events] == [(first, 1), (first, 2), (second, 1), (first, 3)]
        assert list(events) == sorted(
            [*await store.load(first), *await store.load(second)], key=lambda event: event.position
        )
        assert await _found(store, ordinals, 1, 2) == [2, 3]
        assert await _found(store, ordinals, 1, ENOUGH, until=3) == [2, 3]
        assert await _found(store, ordinals, 1, 1, until=3) == [2]
        assert await _found(store, ordinals, 4, ENOUGH) == await _found(store, ordinals, 100, ENOUGH) == []
        assert await _found(store, ordinals, 0, ENOUGH, until=0) == []
        assert await _found(store, ordinals, 3, ENOUGH, until=2) == []

    async def test_read_all_takes_a_filter(
        self, store: EventStore, tenant: TenantId, other_tenant: TenantId, ordinals: Ordinals
    ) -> None:
        """By tenant, by types, by both; the limit counts what is wanted."""
        for whose in (tenant, other_tenant, tenant):
            facts = (*amounts(1), DealReopened(stage_id=uuid4()))
            await store.append(a_stream(whose), facts, expected=EMPTY, origin=origin(tenant=whose))
        reopened = frozenset({"deal.reopened"})
        both = frozenset({"deal.reopened", "deal.amount_changed"})

        async def found(where: EventFilter, limit: int = ENOUGH, until: int | None = None) -> list[int]:
            return await _found(store, ordinals, 0, limit, where, until)

        assert await found(EventFilter(tenant=tenant)) == [1, 2, 5, 6]
        assert await found(EventFilter(types=reopened)) == [2, 4, 6]
        assert await found(EventFilter(types=reopened), limit=2) == [2, 4]
        assert await found(EventFilter(tenant=other_tenant, types=reopened)) == [4]
        assert await found(EventFilter(tenant=tenant, types=reopened), limit=2) == [2, 6]
        assert await found(EventFilter(types=both), until=4) == [1, 2, 3, 4]
        assert await found(EventFilter(types=frozenset())) == []
        assert await found(EventFilter(tenant=tenant, types=frozenset({"deal.won"}))) == []

    async def test_a_log_is_read_in_pages(self, store: EventStore, tenant: TenantId, ordinals: Ordinals) -> None:
        """Going on from the last position of each page reads every event once."""
        for _ in range(3):
            await append(store, a_stream(tenant), *range(1, 901))
        seen: list[StoredEvent] = []
        after = await ordinals.position(0)
        while page := await store.read_all(after=after, limit=700):
            seen += page
            after = page[-1].position
        assert await ordinals.of(seen) == list(range(1, 2701))

    async def test_an_entity_is_found_in_every_stream(
        self, store: EventStore, tenant: TenantId, other_tenant: TenantId, ordinals: Ordinals
    ) -> None:
        """Its own stream and the hierarchy's, in the order of positions, of its own tenant only."""
        account, other = uuid4(), uuid4()
        for whose in (tenant, other_tenant):
            hierarchy = stream_name("account_hierarchy", whose, "accounts")
            parents = [AccountParentSet(account_id=each, parent_id=None) for each in (account, other, account)]
            await store.append(hierarchy, parents, expected=EMPTY, origin=origin(tenant=whose))
            own = stream_name("account", whose, account)
            await store.append(own, (AccountArchived(),), expected=EMPTY, origin=origin(tenant=whose))

        async def found(after: int, limit: int = ENOUGH) -> list[int]:
            start = await ordinals.position(after)
            return await ordinals.of(await store.read_entity(tenant, account, after=start, limit=limit))

        assert await found(0) == [1, 3, 4]
        assert await found(1) == [3, 4]
        assert await found(0, limit=2) == [1, 3]
        assert await found(4) == []

    async def test_following_begins_with_what_is_there(
        self, store: EventStore, tenant: TenantId, ordinals: Ordinals
    ) -> None:
        """All events after the position, in order, however many."""
        for _ in range(3):
            await append(store, a_stream(tenant), *range(1, 901))
        following = store.follow(after=await ordinals.position(10))
        assert await ordinals.of(await take(following, 2690)) == list(range(11, 2701))

    async def test_following_goes_on_with_what_is_appended(
        self, store: EventStore, tenant: TenantId, ordinals: Ordinals, open_store: OpenStore
    ) -> None:
        """By the same store object or by another one; nothing is missed in between."""
        following, other = store.follow(after=await ordinals.position(0)), await open_store()
        waiting = asyncio.create_task(take(following, 1))
        for number, appender in enumerate((store, other, store, other), start=1):
            await append(appender, a_stream(tenant), number)
            assert await ordinals.of(await asyncio.wait_for(waiting, 10)) == [number]
            waiting = asyncio.create_task(take(following, 1))
        waiting.cancel()

    async def test_following_takes_a_filter(
        self, store: EventStore, tenant: TenantId, other_tenant: TenantId, ordinals: Ordinals
    ) -> None:
        """Only batches with something wanted in them come, also when what is not wanted lies in between."""
        wanted = EventFilter(tenant=tenant, types=frozenset({"deal.amount_changed"}))
        following = store.follow(after=await ordinals.position(0), where=wanted)
        waiting = asyncio.create_task(take(following, 2))
        for whose in (other_tenant, tenant, other_tenant, tenant):
            facts = (DealReopened(stage_id=uuid4()), *amounts(1))
            await store.append(a_stream(whose), facts, expected=EMPTY, origin=origin(tenant=whose))
        assert await ordinals.of(await asyncio.wait_for(waiting, 10)) == [4, 8]

    async def test_many_may_follow(self, store: EventStore, tenant: TenantId, ordinals: Ordinals) -> None:
        """Each gets every event, and one that stops stops no other."""
        start = await ordinals.position(0)
        readers = [asyncio.create_task(take(store.follow(after=start), 6)) for _ in range(5)]
        await append(store, a_stream(tenant), 1, 2, 3)
        readers[0].cancel()
        await append(store, a_stream(tenant), 4, 5, 6)
        for reader in readers[1:]:
            assert await ordinals.of(await asyncio.wait_for(reader, 10)) == [1, 2, 3, 4, 5, 6]


async def _found(
    store: EventStore,
    ordinals: Ordinals,
    after: int,
    limit: int,
    where: EventFilter = ANY,
    until: int | None = None,
) -> list[int]:
    """Where the events are that ``read_all`` finds."""
    last = None if until is None else await ordinals.position(until)
    first = await ordinals.position(after)
    return await ordinals.of(await store.read_all(after=first, limit=limit, where=where, until=last))
