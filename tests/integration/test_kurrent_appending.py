"""Appending to a protocol double of EventStoreDB / KurrentDB that goes wrong: stored once or not, never in doubt."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from event_schemas.account import AccountArchived
from event_schemas.codec import UnencodableEvent, decode, decode_metadata, is_chained, seal
from event_schemas.deal import DealLost, LossReason
from event_schemas.envelope import EMPTY, StreamHead
from event_schemas.streams import event_id
from tests.contract.event_store import DEMO, a_stream, amounts, append, origin
from tests.support.kurrent import NO_POSTGRES, QUICK, everything, kurrent_store
from tests.support.kurrent_double import KurrentDouble, kurrent_double
from tests.support.secrets import MASTER
from write_side.adapters.kurrent_bulk import KurrentBulkStore
from write_side.adapters.kurrentdb import KurrentEventStore
from write_side.application.beginning import Beginning
from write_side.application.ports import Appended, EventStoreUnavailable, VersionConflict


@pytest.fixture
async def store(double: KurrentDouble) -> AsyncIterator[KurrentEventStore]:
    """A store over it."""
    async with kurrent_store(double) as one:
        yield one


def sent(double: KurrentDouble) -> int:
    """How often an append arrived there."""
    return double.streams.called.count("BatchAppend")


async def test_an_event_is_kept_as_ours_byte_for_byte(double: KurrentDouble, store: KurrentEventStore) -> None:
    """Under its deterministic id, as JSON, with our metadata, in which the server's names for correlation are."""
    stream, command = a_stream(), origin()
    await store.append(stream, amounts(7), expected=EMPTY, origin=command)
    (record,) = double.log.streams[stream]
    (stored,) = await store.load(stream)
    assert (record.event.id, record.event.type) == (event_id(command.command_id, stream, 0), "deal.amount_changed")
    assert record.event.content_type == "application/json"
    assert (record.event.metadata, record.event.data) == (stored.metadata, stored.data)
    metadata = json.loads(record.event.metadata)
    assert (metadata["$correlationId"], metadata["$causationId"]) == (str(command.correlation_id), None)
    assert (record.position, record.revision) == (stored.position, stored.stream_version - 1)
    assert is_chained(EMPTY, stored)


async def test_a_refused_append_is_sent_again(double: KurrentDouble, store: KurrentEventStore) -> None:
    """The server was not there: the same events arrive with the next attempt, once."""
    double.faults.unavailable["BatchAppend"] = 2
    stream = a_stream()
    appended = await append(store, stream, 1, 2)
    assert (sent(double), len(double.log.streams[stream])) == (3, 2)
    assert (await store.load(stream))[-1].position == appended.position


async def test_a_lost_answer_is_looked_up(double: KurrentDouble, store: KurrentEventStore) -> None:
    """What is stored is not sent again, neither by us nor by the client."""
    double.faults.lost_answers = 1
    stream = a_stream()
    appended = await append(store, stream, 1, 2)
    assert (sent(double), double.faults.happened["lost_answers"]) == (1, 1)
    loaded = await store.load(stream)
    assert appended == Appended(StreamHead(2, loaded[-1].hash), loaded[-1].position)


async def test_an_answer_lost_within_a_stream_is_looked_up(double: KurrentDouble, store: KurrentEventStore) -> None:
    """Also where the stream had events before."""
    stream = a_stream()
    first = await append(store, stream, 1)
    double.faults.lost_answers = 1
    await append(store, stream, 2, 3, expected=first.head)
    assert [decode(event).event for event in await store.load(stream)] == list(amounts(1, 2, 3))
    assert sent(double) == 2


async def test_a_commit_that_comes_after_its_answer_is_no_second_one(
    double: KurrentDouble, store: KurrentEventStore
) -> None:
    """The look found nothing, the same buffer is sent again, and meanwhile the first one was stored."""
    double.faults.late_commits = 1
    stream = a_stream()
    appended = await append(store, stream, 1, 2)
    loaded = await store.load(stream)
    assert (sent(double), [event.stream_version for event in loaded]) == (2, [1, 2])
    assert appended.head.hash == loaded[-1].hash


async def test_somebody_else_s_event_in_its_place_is_a_conflict(double: KurrentDouble) -> None:
    """After an answer that was lost, another's event where ours would be says that ours was not stored."""
    stream = a_stream()
    async with kurrent_store(double, pauses=(0.3,)) as slow, kurrent_store(double) as quick:
        double.faults.unavailable["BatchAppend"] = 1
        waiting = asyncio.create_task(append(slow, stream, 1))
        await double.streams.until(lambda: double.faults.happened["unavailable"])
        await append(quick, stream, 2)
        with pytest.raises(VersionConflict) as caught:
            await waiting
        assert (caught.value.expected, caught.value.actual) == (0, 1)
        assert [decode(event).event for event in await quick.load(stream)] == list(amounts(2))


async def test_a_success_that_was_another_s_is_a_conflict(double: KurrentDouble) -> None:
    """The server takes equal ids for a repeat, whatever bytes come with them: only whose bytes are there is told so."""
    stream, command = a_stream(), origin()
    async with kurrent_store(double) as one, kurrent_store(double) as two:
        outcomes = await asyncio.gather(
            *(
                store.append(stream, amounts(1), expected=EMPTY, origin=command)
                for store in (one, two)
                for _ in range(5)
            ),
            return_exceptions=True,
        )
        (winner,) = (outcome for outcome in outcomes if isinstance(outcome, Appended))
        assert sum(isinstance(outcome, VersionConflict) for outcome in outcomes) == 9
        (stored,) = await one.load(stream)
        assert winner.head.hash == stored.hash


async def test_a_server_that_is_away_is_told_of(double: KurrentDouble) -> None:
    """After the last attempt it is unknown whether the events are stored; when the server is back, the store is too."""
    stream = a_stream()
    async with kurrent_store(double, pauses=(0.01, 0.02)) as store:
        await append(store, a_stream(), 1)
        await double.stop()
        with pytest.raises(EventStoreUnavailable, match="does not answer"):
            await append(store, stream, 1)
        await double.start()
        async with asyncio.timeout(10):
            while True:
                try:
                    await append(store, stream, 2)
                except EventStoreUnavailable:
                    continue
                break
        assert [decode(event).event for event in await store.load(stream)] == list(amounts(2))


async def test_what_is_too_large_for_the_server_is_refused(double: KurrentDouble, store: KurrentEventStore) -> None:
    """It can never be stored: an error of whoever made it, not an outage, and nothing of it is there."""
    lost = DealLost(stage_id=uuid4(), reason=LossReason.OTHER, detail="x" * 1900)
    stream = a_stream()
    with pytest.raises(UnencodableEvent, match="that large"):
        await store.append(stream, (lost,) * 600, expected=EMPTY, origin=origin())
    assert list(await store.load(stream)) == []
    assert sent(double) == 1


async def test_writers_follow_the_leader() -> None:
    """A node that leads no more names the leader, and the store goes there; if it names none, the store asks around."""
    async with kurrent_double() as one, kurrent_double(log=one.log) as two:
        one.members = two.members = (one, two)
        url = f"esdb://127.0.0.1:{one.port},127.0.0.1:{two.port}?tls=false"
        two.follow(one)
        stream, head = a_stream(), EMPTY
        async with kurrent_store(url) as store:
            for leader, follower in ((one, two), (two, one), (one, two)):
                leader.follow(None)
                follower.follow(leader)
                head = (await append(store, stream, 1, 2, expected=head)).head
                leader.faults.not_leader = 1
                head = (await append(store, stream, 3, expected=head)).head
            assert [event.stream_version for event in await store.load(stream)] == list(range(1, 10))
        assert "BatchAppend" in one.streams.called
        assert "BatchAppend" in two.streams.called


async def test_nothing_is_lost_or_doubled_in_a_bad_hour(double: KurrentDouble, store: KurrentEventStore) -> None:
    """Twenty writers, a server that restarts, loses answers, commits late, refuses: what was acknowledged is there."""
    acknowledged: dict[str, list[int]] = {}

    async def write(stream: str) -> None:
        head, written = EMPTY, acknowledged.setdefault(stream, [])
        for number in range(1, 16):
            facts = (*amounts(number), AccountArchived())
            appended = await store.append(stream, facts, expected=head, origin=origin())  # type: ignore[arg-type] # a name
            head = appended.head
            written.append(number)

    async def trouble() -> None:
        for _ in range(4):
            await asyncio.sleep(0.1)  # in the middle of it, wherever that is
            double.faults.lost_answers += 5
            double.faults.late_commits += 3
            double.faults.unavailable["BatchAppend"] += 5
            double.faults.unavailable["Read"] += 2
            await double.restart()

    async with asyncio.timeout(60):
        await asyncio.gather(trouble(), *(write(a_stream()) for _ in range(20)))
    assert set(double.faults.happened) >= {"lost_answers", "late_commits", "unavailable"}
    for stream, numbers in acknowledged.items():
        loaded = await store.load(stream)  # type: ignore[arg-type] # a name
        assert numbers == list(range(1, 16))
        assert [decode(event).event for event in loaded] == [
            fact for number in numbers for fact in (*amounts(number), AccountArchived())
        ]
        heads = [EMPTY, *(StreamHead(event.stream_version, event.hash) for event in loaded)]
        assert all(is_chained(head, event) for head, event in zip(heads, loaded, strict=False))
    assert len(await everything(store)) == 20 * 30


async def test_whoever_gives_up_stops_nothing(double: KurrentDouble, store: KurrentEventStore) -> None:
    """An append that was begun goes on without its caller, and closing the store waits for it."""
    stream = a_stream()
    double.faults.unavailable["BatchAppend"] = 2
    waiting = asyncio.create_task(append(store, stream, 1))
    await double.streams.until(lambda: double.faults.happened["unavailable"])
    waiting.cancel()
    await store.close()
    assert len(double.log.streams[stream]) == 1


async def test_bytes_are_compared_and_not_ids_alone(double: KurrentDouble, store: KurrentEventStore) -> None:
    """An event with our id and other bytes is not ours."""
    stream, command = a_stream(), origin()
    await store.append(stream, amounts(1), expected=EMPTY, origin=command)
    (stored,) = await store.load(stream)
    again = seal(amounts(1), stream=stream, head=EMPTY, origin=command, recorded_at=stored.recorded_at)
    assert await store.append_sealed(stream, 0, again) == stored.position
    meta = decode_metadata(stored)
    later = seal(amounts(2), stream=stream, head=EMPTY, origin=command, recorded_at=meta.recorded_at)
    assert later[0].event_id == stored.event_id
    with pytest.raises(VersionConflict):
        await store.append_sealed(stream, 0, later)
    assert stored.tenant == DEMO


async def test_many_streams_are_begun_at_once(double: KurrentDouble) -> None:
    """As imports do: each wholly or not at all, whatever is lost on the way; who was quicker is left alone."""
    taken = a_stream()
    streams = [a_stream() for _ in range(100)]
    async with open_bulk(double) as store:
        await append(store, taken, 1)
        double.faults.lost_answers, double.faults.late_commits = 10, 10
        beginnings = [
            Beginning(stream, ((amounts(1, 2), origin()), (amounts(3), origin()))) for stream in (*streams, taken)
        ]
        assert await store.begin_many(beginnings) == [True] * 100 + [False]
        for stream in streams:
            loaded = await store.load(stream)
            assert [decode(event).event for event in loaded] == list(amounts(1, 2, 3))
            assert is_chained(StreamHead(2, loaded[1].hash), loaded[2])
        assert len(await store.load(taken)) == 1
        await double.stop()
        with pytest.raises(EventStoreUnavailable):
            await store.begin_many([Beginning(a_stream(), ((amounts(1), origin()),))])


@asynccontextmanager
async def open_bulk(double: KurrentDouble) -> AsyncIterator[KurrentBulkStore]:
    """A store for imports."""
    store = await KurrentBulkStore.connect(double.url, postgres_url=NO_POSTGRES, secret=MASTER, pauses=QUICK)
    try:
        yield store
    finally:
        await store.close()
