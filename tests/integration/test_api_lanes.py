"""Reading one's own writes while the views are taken forward lane by lane, by workers of another process."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple

import asyncpg
import pytest
import pytest_asyncio

from event_schemas.streams import Position
from event_schemas.token import decode_token
from event_schemas.topics import ENTITY_LANES, LOG, Lane, lane_of
from projections.bootstrap import views_advanced
from read_api.bootstrap import Pace
from tests.support.api import Client, Setup, running_api
from tests.support.servers import Servers
from tests.support.waking import hears, waited_for

pytestmark = pytest.mark.asyncio(loop_scope="module")

MAKE = 'mutation { createTeam(input: { name: "T" }) { token } }'
READ = "query($token: String) { teams(readAfter: $token) { totalCount } }"
FAR = Position(1_000_000)


class Made(NamedTuple):
    """What a command wrote, and where it is read."""

    token: str
    lane: Lane
    position: Position


async def make(api: Client) -> Made:
    """A team."""
    token = (await api.ask(MAKE)).data["createTeam"]["token"]
    ((stream, position),) = decode_token(token).written
    return Made(token, lane_of(stream), position)


async def put(api: Client, reached: Mapping[Lane, Position], relayed: Mapping[Lane, Position] | None = None) -> None:
    """The rows as workers would leave them; lanes that are not named are where they began."""
    connection = await asyncpg.connect(api.database_url)
    try:
        async with connection.transaction():
            await connection.execute("delete from watermarks")
            await connection.execute("delete from relayed")
            rows = [("postgres", *lane, reached.get(lane, 0)) for lane in ENTITY_LANES]
            await connection.executemany("insert into watermarks values ($1, $2, $3, $4)", rows)
            published = [(*lane, position) for lane, position in (relayed or {}).items()]
            await connection.executemany("insert into relayed values ($1, $2, $3)", published)
    finally:
        await connection.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def behind(servers: Servers, module_redis_url: str) -> AsyncIterator[Client]:
    """An API beside which no views are kept up."""
    async with running_api(servers, module_redis_url, Setup(following=False, pace=Pace(wait_seconds=0.3))) as client:
        yield client


async def test_only_the_lane_of_what_was_written_is_waited_for(behind: Client) -> None:
    """It is there: the other lanes may be anywhere."""
    made = await make(behind)
    await put(behind, {made.lane: made.position})
    assert (await behind.ask(READ, {"token": made.token})).data == {"teams": {"totalCount": 0}}


async def test_another_lane_does_not_stand_for_it(behind: Client) -> None:
    """All others are far ahead: what was written is not there, and the answer says so."""
    made = await make(behind)
    ahead = dict.fromkeys(ENTITY_LANES, FAR)
    await put(behind, ahead | {made.lane: Position(made.position - 1)})
    assert (await behind.ask(READ, {"token": made.token})).codes == ["READ_STALE"]


async def test_a_lane_with_all_of_what_was_published_is_where_the_relay_is(behind: Client) -> None:
    """Its own last event may be older than what the token names, which is nowhere to come then."""
    made = await make(behind)
    before = Position(made.position - 1)
    reached = {made.lane: before}
    for missing in ({LOG: before, made.lane: before}, {LOG: made.position, made.lane: made.position}):
        await put(behind, reached, missing)
        assert (await behind.ask(READ, {"token": made.token})).codes == ["READ_STALE"], missing
    await put(behind, reached, {LOG: made.position, made.lane: before})
    assert (await behind.ask(READ, {"token": made.token})).status == 200


async def test_whoever_waits_is_woken_by_the_worker(servers: Servers, module_redis_url: str) -> None:
    """Over Redis, long before the next poll. What is told is not believed: the lane must really be there."""
    pace = Pace(wait_seconds=20, view_poll_seconds=6_000)
    setup = Setup(following=False, pace=pace)
    async with (
        running_api(servers, module_redis_url, setup) as api,
        views_advanced(module_redis_url, "postgres") as advanced,
    ):
        await hears(api)
        made = await make(api)
        await put(api, {})
        waiting = asyncio.create_task(api.ask(READ, {"token": made.token}))
        await waited_for(api)
        advanced({made.lane: FAR})
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await put(api, {made.lane: made.position})
        advanced({made.lane: made.position})
        assert (await waiting).status == 200
