"""What every event store holds to: appending and reading streams. A subclass's module provides ``open_store``."""

import asyncio
from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid4

import pytest

from event_schemas.account import AccountParentSet
from event_schemas.codec import decode, is_chained
from event_schemas.deal import DealAmountChanged, DealLost, LossReason
from event_schemas.envelope import EMPTY, Origin, StreamHead
from event_schemas.streams import StreamName, TenantId, parse_stream, stream_name
from event_schemas.values import MAX_MINOR, Money
from tests.contract.event_store_trial import EventStoreTrial, OpenStore, Ordinals
from write_side.application.ports import Appended, EventStore, VersionConflict

DEMO: Final = TenantId("demo")
OTHER_TENANT: Final = TenantId("other")

__all__ = ["DEMO", "OTHER_TENANT", "EventStoreContract", "OpenStore", "a_stream", "amounts", "append", "origin"]


def a_stream(tenant: TenantId = DEMO, id: UUID | None = None) -> StreamName:
    """The name of a deal's stream that nothing is in."""
    return stream_name("deal", tenant, id or uuid4())


def origin(*, tenant: TenantId = DEMO, command_id: UUID | None = None) -> Origin:
    """Of a command of its own."""
    command = command_id or uuid4()
    return Origin(
        tenant=tenant,
        actor="ada",
        command_id=command,
        request_digest="",
        correlation_id=command,
        source="test",
        occurred_at=datetime(2017, 6, 30, tzinfo=UTC),
    )


def amounts(*minors: int) -> tuple[DealAmountChanged, ...]:
    """Events that can be told apart."""
    return tuple(DealAmountChanged(amount=Money(minor, "USD")) for minor in minors)


async def append(store: EventStore, stream: StreamName, *minors: int, expected: StreamHead = EMPTY) -> Appended:
    """One command with one event for each number."""
    sent = origin(tenant=parse_stream(stream).tenant)
    return await store.append(stream, amounts(*minors), expected=expected, origin=sent)


class EventStoreContract(EventStoreTrial):
    """Appending, and the streams that it makes."""

    async def test_what_is_appended_is_loaded(self, store: EventStore, tenant: TenantId, ordinals: Ordinals) -> None:
        """Events come back in order: versions and positions from 1, the payload, and a whole chain of hashes."""
        stream, sent = a_stream(tenant), origin(tenant=tenant)
        appended = await store.append(stream, amounts(1, 2, 3), expected=EMPTY, origin=sent)
        loaded = await store.load(stream)
        assert [decode(event).event for event in loaded] == list(amounts(1, 2, 3))
        assert [event.stream_version for event in loaded] == await ordinals.of(loaded) == [1, 2, 3]
        assert appended == Appended(StreamHead(3, loaded[-1].hash), loaded[-1].position)
        assert {(e.tenant, e.stream, e.command_id, e.type) for e in loaded} == {
            (tenant, stream, sent.command_id, "deal.amount_changed")
        }
        heads = [EMPTY, *(StreamHead(e.stream_version, e.hash) for e in loaded)]
        assert all(is_chained(head, event) for head, event in zip(heads, loaded, strict=False))

    async def test_the_chain_goes_on_from_the_expected_head(self, store: EventStore, tenant: TenantId) -> None:
        """The next command's first event has the next version and the head's hash before it."""
        stream = a_stream(tenant)
        first = await append(store, stream, 1, 2)
        await append(store, stream, 3, expected=first.head)
        *_, last = await store.load(stream)
        assert last.stream_version == 3
        assert is_chained(first.head, last)

    async def test_recorded_at_is_the_clock_s_time(self, store: EventStore, tenant: TenantId) -> None:
        """The column, the envelope and the clock agree to the microsecond."""
        before = datetime.now(UTC)
        stream = a_stream(tenant)
        await append(store, stream, 1)
        (event,) = await store.load(stream)
        assert event.recorded_at == decode(event).meta.recorded_at
        assert before <= event.recorded_at <= datetime.now(UTC)

    async def test_load_takes_a_range_of_versions(self, store: EventStore, tenant: TenantId) -> None:
        """``after`` is exclusive, ``until`` is inclusive, and ranges beyond the stream are empty."""
        stream = a_stream(tenant)
        await append(store, stream, 1, 2, 3, 4)

        async def versions(after: int, until: int | None) -> list[int]:
            return [event.stream_version for event in await store.load(stream, after=after, until=until)]

        assert await versions(1, None) == [2, 3, 4]
        assert await versions(0, 2) == [1, 2]
        assert await versions(1, 3) == [2, 3]
        assert await versions(4, None) == await versions(2, 2) == await versions(0, 0) == []

    async def test_a_stream_that_does_not_exist_is_empty(self, store: EventStore, tenant: TenantId) -> None:
        """Not an error: there is nothing in it."""
        assert list(await store.load(a_stream(tenant))) == []

    async def test_load_many_answers_for_each_stream(self, store: EventStore, tenant: TenantId) -> None:
        """Each stream after its own version; one without events is there all the same."""
        full, partly, none = a_stream(tenant), a_stream(tenant), a_stream(tenant)
        await append(store, full, 1, 2)
        await append(store, partly, 1, 2, 3)
        loaded = await store.load_many({full: 0, none: 0, partly: 2})
        assert {stream: [e.stream_version for e in events] for stream, events in loaded.items()} == {
            full: [1, 2],
            none: [],
            partly: [3],
        }
        assert loaded[full] == await store.load(full)
        assert await store.load_many({}) == {}

    @pytest.mark.parametrize("expected", [0, 1, 3, 100])
    async def test_a_wrong_version_is_a_conflict(
        self, store: EventStore, tenant: TenantId, ordinals: Ordinals, expected: int
    ) -> None:
        """Behind the head or ahead of it: nothing is stored, and the conflict names both versions."""
        stream = a_stream(tenant)
        first = await append(store, stream, 1, 2)
        with pytest.raises(VersionConflict) as caught:
            await append(store, stream, 9, 9, expected=StreamHead(expected, first.head.hash))
        assert (caught.value.stream, caught.value.expected, caught.value.actual) == (stream, expected, 2)
        assert len(await store.load(stream)) == 2
        assert await ordinals.head() == 2

    async def test_an_event_is_stored_once(self, store: EventStore, tenant: TenantId, ordinals: Ordinals) -> None:
        """The same command again is a conflict, at the version it once had and at the stream's head."""
        stream, sent = a_stream(tenant), origin(tenant=tenant)
        first = await store.append(stream, amounts(1, 2), expected=EMPTY, origin=sent)
        second = await append(store, stream, 3, expected=first.head)
        for head in (EMPTY, first.head, second.head):
            with pytest.raises(VersionConflict):
                await store.append(stream, amounts(1), expected=head, origin=sent)
        assert [event.stream_version for event in await store.load(stream)] == [1, 2, 3]
        assert await ordinals.head() == 3

    async def test_a_command_may_write_to_several_streams(self, store: EventStore, tenant: TenantId) -> None:
        """The ids of its events follow from the stream too, so they do not clash."""
        sent, streams = origin(tenant=tenant), [a_stream(tenant), a_stream(tenant)]
        for stream in streams:
            await store.append(stream, amounts(1), expected=EMPTY, origin=sent)
        first, second = [(await store.load(stream))[0] for stream in streams]
        assert first.command_id == second.command_id
        assert first.event_id != second.event_id

    async def test_bytes_come_back_unchanged(self, store: EventStore, tenant: TenantId) -> None:
        """Any text, and the largest numbers, as they were hashed."""
        stream = a_stream(tenant)
        detail = "Zoë 🦊 \u202e \\u0000 \x7f " + "語" * 1900
        lost = DealLost(stage_id=uuid4(), reason=LossReason.OTHER, detail=detail)
        facts = (lost, *amounts(MAX_MINOR))
        appended = await store.append(stream, facts, expected=EMPTY, origin=origin(tenant=tenant))
        loaded = await store.load(stream)
        assert [decode(event).event for event in loaded] == list(facts)
        assert is_chained(EMPTY, loaded[0])
        assert loaded[-1].hash == appended.head.hash
        assert list(await store.read_all(after=loaded[0].position, limit=1)) == [loaded[1]]

    async def test_a_command_may_be_large(self, store: EventStore, tenant: TenantId) -> None:
        """A thousand events in one command, all or nothing, in order."""
        stream = a_stream(tenant)
        appended = await append(store, stream, *range(1, 1001))
        assert appended.head.version == 1000
        assert [decode(event).event for event in await store.load(stream)] == list(amounts(*range(1, 1001)))

    async def test_an_event_may_name_its_entity(self, store: EventStore, tenant: TenantId) -> None:
        """Where a stream holds many entities, each event is found under the one that it names."""
        child = uuid4()
        stream = stream_name("account_hierarchy", tenant, "accounts")
        await store.append(
            stream, (AccountParentSet(account_id=child, parent_id=None),), expected=EMPTY, origin=origin(tenant=tenant)
        )
        (event,) = await store.load(stream)
        assert event.entity_id == child

    async def test_of_a_race_on_one_stream_one_wins(
        self, store: EventStore, tenant: TenantId, open_store: OpenStore
    ) -> None:
        """Twenty commands from two stores that saw the same version: one is stored, nineteen are told of it."""
        stream, stores = a_stream(tenant), [store, await open_store()]
        outcomes = await asyncio.gather(
            *(append(stores[number % 2], stream, number, number) for number in range(20)), return_exceptions=True
        )
        conflicts = [outcome for outcome in outcomes if isinstance(outcome, VersionConflict)]
        assert len(conflicts) == 19
        assert {conflict.actual for conflict in conflicts} == {2}
        (winner,) = (number for number, outcome in enumerate(outcomes) if isinstance(outcome, Appended))
        assert [decode(event).event for event in await store.load(stream)] == list(amounts(winner, winner))

    async def test_a_conflict_fails_no_neighbour(self, store: EventStore, tenant: TenantId, ordinals: Ordinals) -> None:
        """Of commands that wait together, each is judged alone; positions have no hole."""
        taken = a_stream(tenant)
        await append(store, taken, 1)
        good = [a_stream(tenant) for _ in range(50)]
        outcomes = await asyncio.gather(
            *(append(store, stream, 1, 2, 3) for pair in zip(good, [taken] * 50, strict=True) for stream in pair),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in outcomes] == [Appended, VersionConflict] * 50
        events = await store.read_all(after=(await store.load(taken))[-1].position, limit=1000)
        assert await ordinals.of(events) == list(range(2, 152))
        for stream in good:
            first, second, third = await ordinals.of(await store.load(stream))
            assert (second, third) == (first + 1, first + 2)

    async def test_commands_on_one_stream_are_taken_in_their_order(self, store: EventStore, tenant: TenantId) -> None:
        """The second waits for the first, even when both are sent before either is answered."""
        stream = a_stream(tenant)
        first = await append(store, stream, 0)
        for number in range(1, 6):
            tasks = [asyncio.create_task(append(store, stream, number, expected=first.head)) for _ in range(3)]
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            assert [type(outcome) for outcome in outcomes] == [Appended, VersionConflict, VersionConflict]
            first = await tasks[0]

    async def test_a_caller_may_give_up(self, store: EventStore, tenant: TenantId) -> None:
        """Cancelling some of the commands that wait leaves the others alone, and each of them all or nothing."""
        streams = [a_stream(tenant) for _ in range(40)]
        tasks = [asyncio.create_task(append(store, stream, 1, 2, 3)) for stream in streams]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(outcome, Appended) for outcome in outcomes[1::2])
        last = await append(store, a_stream(tenant), 1)
        assert await store.head() >= last.position
        for stream, outcome in zip(streams, outcomes, strict=True):
            assert len(await store.load(stream)) in ({3} if isinstance(outcome, Appended) else {0, 3})
