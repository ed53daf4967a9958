"""A view group taken forward lane by lane: each partition has a watermark of its own, and the rows are the same."""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from random import Random

import asyncpg
import pytest

from event_schemas.envelope import StoredEvent
from event_schemas.streams import START, Position
from event_schemas.topics import ENTITY_LANES, LOG, Lane, lane_of
from projections.bootstrap import cards_runner, postgres_runner
from projections.catalog import POSTGRES
from projections.errors import KeptByLanes, WatermarkMoved
from projections.sinks.connection import connected
from projections.sinks.progress import Progress
from tests.support.databases import fresh_database, migrated_template
from tests.support.histories import everything
from tests.support.views import batches, entries, project_cards, project_rows, rows

by_lanes = partial(postgres_runner, lane_of=lane_of)


def shuffled(random: Random, events: Sequence[StoredEvent]) -> list[StoredEvent]:
    """The lanes mixed anew: each in its own order, none in step with another."""
    lanes: defaultdict[Lane, list[StoredEvent]] = defaultdict(list)
    for stored in events:
        lanes[lane_of(stored.stream)].append(stored)
    turns = [lane for lane, its in lanes.items() for _ in its]
    random.shuffle(turns)
    coming = {lane: iter(its) for lane, its in lanes.items()}
    return [next(coming[lane]) for lane in turns]


async def view_position(url: str) -> int:
    """What the API is told."""
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval("select view_position('postgres')"))
    finally:
        await connection.close()


async def relayed(url: str, *rows: tuple[str, int, int]) -> None:
    """What the relay has published."""
    connection = await asyncpg.connect(url)
    await connection.executemany("insert into relayed values ($1, $2, $3)", rows)
    await connection.close()


async def test_lanes_out_of_step_give_the_rows_of_the_log(postgres_url: str, crm_database: str) -> None:
    """Whatever order the partitions come in, with batches that come again: every table is what one pass writes."""
    random = Random(31)
    events = everything(random, 600)
    async with by_lanes(crm_database) as runner:
        await runner.resume(ENTITY_LANES)
        for batch in batches(random, shuffled(random, events)):
            await runner.project(batch)
            await runner.project(random.sample(batch, k=len(batch) // 2))
    async with fresh_database(postgres_url, template=await migrated_template(postgres_url)) as straight:
        await project_rows(straight, events)
        expected, found = await rows(straight), await rows(crm_database)
    for table in (*POSTGRES.tables, "documents", "dead_letters"):
        assert found[table] == expected[table], table


async def test_two_owners_of_different_lanes_do_not_disturb_one_another(crm_database: str) -> None:
    """Each moves its own watermarks; an owner of the same lane is fenced."""
    events = everything(Random(32), 200)
    mine, others = ENTITY_LANES[::2], ENTITY_LANES[1::2]
    async with by_lanes(crm_database) as one, by_lanes(crm_database) as other, by_lanes(crm_database) as zombie:
        await one.resume(mine)
        await zombie.resume(mine)
        await other.resume(others)
        await one.project([stored for stored in events if lane_of(stored.stream) in mine])
        await other.project([stored for stored in events if lane_of(stored.stream) in others])
        with pytest.raises(WatermarkMoved, match="somebody else has moved a watermark"):
            await zombie.project([stored for stored in events if lane_of(stored.stream) in mine])


async def test_the_next_offset_lies_beside_the_watermark(crm_database: str) -> None:
    """It moves with the record's event, and stays when events come from the log."""
    events = everything(Random(33), 60)
    lane = lane_of(events[0].stream)
    its = [stored for stored in events if lane_of(stored.stream) == lane]
    async with by_lanes(crm_database) as runner, connected(crm_database) as connection:
        await runner.resume([lane])
        await runner.project(its[:2], offsets={its[0].position: 5, its[1].position: 8})
        await runner.project(its[2:])
        progress = Progress(group=POSTGRES.name, connection=connection)
        assert await progress.next_offsets(ENTITY_LANES) == {lane: 8}
        assert await progress.watermarks([lane]) == {lane: its[-1].position}


async def test_a_group_of_the_whole_log_is_divided_once(crm_database: str) -> None:
    """What it has seen goes for each lane; afterwards nobody can take it forward by the whole log."""
    events = everything(Random(34), 100)
    await project_rows(crm_database, events)
    async with connected(crm_database) as connection:
        progress = Progress(group=POSTGRES.name, connection=connection)
        for _ in range(2):
            await progress.divide(ENTITY_LANES)
            assert set((await progress.watermarks(ENTITY_LANES)).values()) == {events[-1].position}
        with pytest.raises(KeptByLanes, match="--profile full"):
            await progress.watermarks([LOG])


async def test_the_views_are_where_their_last_lane_is(crm_database: str) -> None:
    """A lane that has all that was published of it counts as being where the relay is."""
    events = everything(Random(35), 100)
    busy = {lane_of(stored.stream): stored.position for stored in events}
    async with by_lanes(crm_database) as runner:
        await runner.resume(ENTITY_LANES)
        last = events[-1]
        await runner.project(events[:-1])
        assert await view_position(crm_database) == START
        head = Position(last.position + 10)
        await relayed(crm_database, ("log", 0, head), *((*lane, position) for lane, position in busy.items()))
        behind = runner.positions[lane_of(last.stream)]
        assert await view_position(crm_database) == behind
        await runner.project([last])
        assert await view_position(crm_database) == head


async def test_lost_lanes_begin_again_and_only_those(crm_database: str, redis_url: str) -> None:
    """A store that knows less of a lane than the watermark: its events come again, and the entries are the same."""
    events = everything(Random(36), 300)
    await project_cards(crm_database, redis_url, events)
    expected = {key: entry for key, entry in (await entries(redis_url)).items() if not key.startswith("view_group")}
    by_lane = partial(cards_runner, lane_of=lane_of)
    async with by_lane(crm_database, redis_url) as runner:
        await runner._progress.divide(ENTITY_LANES)
        await runner.resume(ENTITY_LANES)
        assert set(runner.positions.values()) == {START}
        await runner.project(events)
        before = dict(runner.positions)
    lost = lane_of(events[0].stream)
    async with by_lane(crm_database, redis_url) as runner:
        await runner._sink._client.hdel("view_group:cards", str(lost))  # type: ignore[attr-defined]  # a Redis sink
        await runner.resume(ENTITY_LANES)
        assert runner.positions == before | {lost: START}
        await runner.project(events)
    found = {key: entry for key, entry in (await entries(redis_url)).items() if not key.startswith("view_group")}
    assert found == expected
