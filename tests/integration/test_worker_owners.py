"""Who owns a lane is decided by its watermark: two workers that both believe they do lose and double nothing."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from random import Random
from typing import Any

import msgspec
import pytest

from event_schemas.envelope import StoredEvent
from event_schemas.relayed import NOTHING
from event_schemas.streams import StreamName
from event_schemas.topics import ENTITY_LANES
from projections.engines import lanes
from projections.runner import Runner
from tests.support.events import store
from tests.support.following import drive, lane_follower, reached
from tests.support.histories import everything
from tests.support.lane_source import LaneSource, records_of, relayed_of
from tests.support.worker_views import by_one_pass, views

EVENTS = everything(Random(12), 700)
HEAD = EVENTS[-1].position
RELAYED = relayed_of(EVENTS)


@pytest.mark.parametrize("seed", [1, 2])
async def test_two_who_believe_they_own_all_lanes(seed: int, postgres_url: str, crm_database: str) -> None:
    """Neither hears of the other but by the watermarks: batches roll back, and each looks again where its lanes are."""
    await store(crm_database, EVENTS)
    random = Random(seed)
    async with AsyncExitStack() as stack:
        pair = [
            (await stack.enter_async_context(lane_follower(crm_database, relayed=lambda: NOTHING)), source)
            for source in (LaneSource(records_of(EVENTS), seed=seed), LaneSource(records_of(EVENTS), seed=seed + 10))
        ]
        for _ in range(150):
            follower, source = random.choice(pair)
            await follower.step(source)
        for follower, source in pair:
            await drive(follower, source, until=source.is_all_drained)
        assert sum(len(source.pauses) for _, source in pair) > 0, "nobody was in anybody's way"
        assert all(follower.status.parked == 0 for follower, _ in pair)
    assert await views(crm_database) == await by_one_pass(postgres_url, EVENTS)


async def test_lanes_change_hands_all_the_time(postgres_url: str, crm_database: str) -> None:
    """A rebalance every few steps between two workers, of which each sometimes learns of it a few steps late."""
    await store(crm_database, EVENTS)
    random = Random(4)
    async with AsyncExitStack() as stack:
        log = records_of(EVENTS)
        pair = [
            (await stack.enter_async_context(lane_follower(crm_database, relayed=lambda: NOTHING)), LaneSource(log))
            for _ in range(2)
        ]
        for _ in range(20):
            mine = random.sample(ENTITY_LANES, k=random.randrange(1, len(ENTITY_LANES)))
            shares = (mine, [lane for lane in ENTITY_LANES if lane not in mine])
            for (follower, source), share in random.sample(list(zip(pair, shares, strict=True)), k=2):
                source.turn, source.lanes = source.turn + 1, share
                for _ in range(random.randrange(6)):
                    await follower.step(source)
        for follower, source in pair:
            source.turn, source.lanes = source.turn + 1, ENTITY_LANES
            await drive(follower, source, until=source.is_all_drained)
    assert await views(crm_database) == await by_one_pass(postgres_url, EVENTS)


async def test_a_poison_event_stops_its_stream_alone(postgres_url: str, crm_database: str) -> None:
    """It came by Kafka, byte for byte as in the log: parked with the later events of its stream, others go on."""
    poisoned = [
        msgspec.structs.replace(event, data=b'{"name":7}') if event.position == 60 else event for event in EVENTS
    ]
    stream: StreamName = poisoned[59].stream
    await store(crm_database, poisoned)
    async with lane_follower(crm_database, relayed=lambda: RELAYED) as follower:
        source = LaneSource(records_of(poisoned))
        await drive(follower, source, until=reached(follower, HEAD))
        assert follower.status.parked == sum(event.stream == stream for event in EVENTS[59:])
    found = await views(crm_database)
    assert found == await by_one_pass(postgres_url, poisoned)
    assert len(found["dead_letters"]) == follower.status.parked


async def test_work_is_dropped_when_the_lanes_are_taken_away(
    postgres_url: str, crm_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the log is read for them, between two batches: what was committed stays, the next owner goes on there."""
    monkeypatch.setattr(lanes, "BATCH", 50)
    await store(crm_database, EVENTS)
    async with lane_follower(crm_database, relayed=lambda: RELAYED) as follower:
        source = LaneSource(records_of(EVENTS))
        project = Runner.project

        async def taken_away(runner: Runner[Any], events: Sequence[StoredEvent], **more: Any) -> Any:
            source.turn = 1
            return await project(runner, events, **more)

        monkeypatch.setattr(Runner, "project", taken_away)
        await follower.step(source)
        assert await count(crm_database) in range(1, 51)
        assert source.pauses == []
        await drive(follower, source, until=reached(follower, HEAD))
    assert await views(crm_database) == await by_one_pass(postgres_url, EVENTS)


async def count(url: str) -> int:
    """Lines in timelines."""
    return len((await views(url))["entity_timeline"])
