"""Reading one's own writes, whatever is asked, while a lane that they are not in lags behind."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, NamedTuple
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from event_schemas.envelope import StoredEvent
from event_schemas.streams import START, Position
from event_schemas.token import ConsistencyToken, decode_token
from event_schemas.topics import ENTITY_LANES, LOG, Lane, lane_of
from projections.bootstrap import postgres_runner
from projections.runner import Runner
from read_api.bootstrap import Pace
from tests.support.api import Client, Setup, running_api
from tests.support.api_commands import STAGES, usd
from tests.support.servers import Servers
from tests.support.waking import waited_for

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATHS = pytest.mark.parametrize("beside", ["", "__schema { description }"], ids=["compiled", "resolved"])
"""What is asked for beside a query: nothing, or what only the resolvers answer."""
DEALS = """{ totalCount pageInfo { hasNextPage endCursor } edges { node { id amount { minor } } } }"""


class Scene(NamedTuple):
    """A tenant of whom one lane's last event is not in the views, and one token of what was written later."""

    api: Client
    token: str
    low: str
    moved: str
    """A deal that was opened with 900, and has 50 now."""
    new: str
    lead: str
    twin: str
    """Another lead, of the same name and address."""
    team: str
    late: StoredEvent
    """That was given another region, which is missing."""
    runner: Runner[Any]

    async def ask(self, query: str, beside: str = "", **variables: Any) -> dict[str, Any]:
        """A query that reads after the token."""
        given = "$t: String, $after: String" if "$after" in query else "$t: String"
        return (await self.api.ask(f"query({given}) {{ {query} {beside} }}", {"t": self.token, **variables})).data


async def send(api: Client, command: str, **fields: Any) -> str:
    """One command; its token. Nothing else is asked for, since the views are to be behind."""
    name = command[0].lower() + command[1:]
    query = f"mutation($i: {command}Input!) {{ {name}(input: $i) {{ token userErrors {{ code message }} }} }}"
    payload = (await api.ask(query, {"i": fields})).data[name]
    assert payload["userErrors"] == []
    return str(payload["token"])


async def published(api: Client) -> None:
    """The relay has published all of the log."""
    events = await api.store.read_all(after=START, limit=1_000)
    last: dict[Lane, Position] = {LOG: events[-1].position} | {lane_of(each.stream): each.position for each in events}
    connection = await asyncpg.connect(api.database_url)
    try:
        await connection.execute("delete from relayed")
        rows = [(*lane, position) for lane, position in last.items()]
        await connection.executemany("insert into relayed values ($1, $2, $3)", rows)
    finally:
        await connection.close()


async def seen(api: Client, runner: Runner[Any], *, but: Collection[Lane] = ()) -> None:
    """The views have all that was published, but for some lanes."""
    events = await api.store.read_all(after=START, limit=1_000)
    await runner.project([each for each in events if lane_of(each.stream) not in but])


async def tenant(api: Client, runner: Runner[Any]) -> Scene:
    """Some deals, leads and a team that all lanes have; then the team's change, which is not seen, and the rest."""
    low, moved, new, lead, twin, team, sales = (str(uuid4()) for _ in range(7))
    stages = [{"id": str(uuid4()), **each} for each in STAGES]
    await send(api, "DefinePipeline", id=sales, name="Sales", currency="USD", stages=stages)
    deal = partial(send, api, "OpenDeal", pipelineId=sales)
    person = partial(send, api, "CaptureLead", name="Ada Byron", email="ada@example.org", source="fair")
    await deal(id=low, name="Low", amount=usd(100))
    await deal(id=moved, name="Moved", amount=usd(900))
    await person(id=twin)
    await send(api, "CreateTeam", id=team, name="Team")
    await published(api)
    await seen(api, runner)
    region = await send(api, "AssignTeamRegion", id=team, region="North")
    ((stream, position),) = decode_token(region).written
    tokens = [
        await deal(id=new, name="Newest", amount=usd(500)),
        await send(api, "ChangeDealAmount", id=moved, amount=usd(50)),
        await person(id=lead),
    ]
    await published(api)
    await seen(api, runner, but=[lane_of(stream)])
    (late,) = await api.store.read_all(after=Position(position - 1), limit=1)
    token = ConsistencyToken(tuple(part for each in tokens for part in decode_token(each).written)).encode()
    return Scene(api, token, low, moved, new, lead, twin, team, late, runner)


@asynccontextmanager
async def staged(servers: Servers, redis_url: str, *, wait_seconds: float) -> AsyncIterator[Scene]:
    """An API with such a tenant."""
    setup = Setup(following=False, pace=Pace(wait_seconds=wait_seconds))
    async with (
        running_api(servers, redis_url, setup) as api,
        postgres_runner(api.database_url, lane_of=lane_of) as runner,
    ):
        await runner.resume(ENTITY_LANES)
        yield await tenant(api, runner)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(servers: Servers, module_redis_url: str) -> AsyncIterator[Scene]:
    """What most tests read, and leave as it is."""
    async with staged(servers, module_redis_url, wait_seconds=0.3) as found:
        yield found


def ids(connection: Any) -> list[str]:
    """Of a page's nodes."""
    return [edge["node"]["id"] for edge in connection["edges"]]


@PATHS
async def test_an_entity_is_as_it_was_written(scene: Scene, beside: str) -> None:
    """By its id, and as a card, which comes from the tables then."""
    asked = (
        f'new: deal(id: "{scene.new}", readAfter: $t) {{ name }}'
        f' moved: deal(id: "{scene.moved}", readAfter: $t) {{ amount {{ minor }} }}'
        f' card: entityCard(id: "{scene.moved}", readAfter: $t) {{ version }}'
    )
    found = await scene.ask(asked, beside)
    assert found["new"] == {"name": "Newest"}
    assert found["moved"] == {"amount": {"minor": "50"}}
    assert found["card"] == {"version": 2}


@PATHS
@pytest.mark.parametrize("first", [1, 2])
async def test_the_pages_of_a_list_hold_together(scene: Scene, beside: str, first: int) -> None:
    """No page loses what the first one knew, nor shows it again as it was."""
    asked = f"deals(first: {first}, after: $after, sort: AMOUNT_ASC, readAfter: $t) {DEALS}"
    found: list[str] = []
    page: Any = {"pageInfo": {"hasNextPage": True, "endCursor": None}}
    while page["pageInfo"]["hasNextPage"]:
        page = (await scene.ask(asked, beside, after=page["pageInfo"]["endCursor"]))["deals"]
        found += ids(page)
        assert page["totalCount"] == 3
    assert found == [scene.moved, scene.low, scene.new]


async def test_the_pages_of_a_search_hold_together(scene: Scene) -> None:
    """On PostgreSQL: what was just written is found, and a cursor that knows of it is taken."""
    query = 'search(text: "ada", first: 1, after: $after, readAfter: $t)'
    asked = f"{query} {{ totalCount pageInfo {{ endCursor }} edges {{ node {{ id }} }} }}"
    one = (await scene.ask(asked))["search"]
    other = (await scene.ask(asked, after=one["pageInfo"]["endCursor"]))["search"]
    assert (one["totalCount"], other["totalCount"]) == (2, 2)
    assert {*ids(one), *ids(other)} == {scene.lead, scene.twin}


@PATHS
async def test_sums_know_it_and_so_do_the_rows_behind_them(scene: Scene, beside: str) -> None:
    """Forecast and funnel of now, and the second page of what is behind a figure."""
    page = "(first: 1, after: $after)"
    asked = (
        f"forecast(readAfter: $t) {{ totals {{ open {{ count amount {{ minor }} deals{page} {DEALS} }} }} }}"
        f" funnel(readAfter: $t) {{ totals {{ captured }} }}"
    )
    first = await scene.ask(asked, beside)
    figure, found = first["forecast"]["totals"]["open"], list[str]()
    assert (figure["count"], figure["amount"]["minor"]) == (3, "650")
    assert first["funnel"]["totals"]["captured"] == 2
    while figure["deals"]["edges"]:
        found += ids(figure["deals"])
        after = figure["deals"]["pageInfo"]["endCursor"]
        figure = (await scene.ask(asked, beside, after=after))["forecast"]["totals"]["open"]
        assert figure["deals"]["totalCount"] == 3
    assert sorted(found) == sorted([scene.low, scene.moved, scene.new])


@PATHS
async def test_the_pages_of_a_timeline_hold_together(scene: Scene, beside: str) -> None:
    """The last event is on the second page."""
    asked = (
        f'timeline(id: "{scene.moved}", first: 1, after: $after, readAfter: $t)'
        " { totalCount pageInfo { hasNextPage endCursor } edges { node { type } } }"
    )
    first = (await scene.ask(asked, beside))["timeline"]
    second = (await scene.ask(asked, beside, after=first["pageInfo"]["endCursor"]))["timeline"]
    types = [edge["node"]["type"] for page in (first, second) for edge in page["edges"]]
    assert types == ["deal.opened", "deal.amount_changed"]
    assert not second["pageInfo"]["hasNextPage"]


async def test_what_comes_from_other_stores_or_all_rows_knows_it(scene: Scene) -> None:
    """Feed and counters, while Redis has nothing; duplicates, and groups of them."""
    found = await scene.ask(
        "feed(readAfter: $t) { id type } counters(readAfter: $t) { openDeals newLeads }"
        f' duplicates(id: "{scene.lead}", readAfter: $t) {{ lead {{ id }} }}'
        " duplicateGroups(kind: LEAD, readAfter: $t) { edges { node { leads { id } } } }"
    )
    assert {(scene.lead, "lead.captured"), (scene.new, "deal.opened"), (scene.moved, "deal.amount_changed")} <= {
        (item["id"], item["type"]) for item in found["feed"]
    }
    assert found["counters"] == {"openDeals": 3, "newLeads": 2}
    assert found["duplicates"] == [{"lead": {"id": scene.twin}}]
    (group,) = ([lead["id"] for lead in edge["node"]["leads"]] for edge in found["duplicateGroups"]["edges"])
    assert sorted(group) == sorted([scene.lead, scene.twin])


AS_OF = "query($t: String, $asOf: AsOf) { deals(asOf: $asOf, readAfter: $t) { totalCount position } BESIDE }"


@PATHS
async def test_as_of_a_moment_all_lanes_are_waited_for(scene: Scene, beside: str) -> None:
    """It is answered with what all of them have, so it is stale, not short; without a moment it is there."""
    query = AS_OF.replace("BESIDE", beside)
    position = str(decode_token(scene.token).position)
    for moment in (
        {"at": "2100-01-01T00:00:00Z"},
        {"at": "2100-01-01T00:00:00Z", "clock": "OCCURRED"},
        {"position": position},
    ):
        answer = await scene.api.ask(query, {"t": scene.token, "asOf": moment})
        assert answer.codes == ["READ_STALE"], moment
    assert (await scene.api.ask(query, {"t": scene.token})).data["deals"]["totalCount"] == 3
    assert (await scene.api.ask(query, {"t": scene.token, "asOf": None})).data["deals"]["totalCount"] == 3


@PATHS
async def test_an_answers_position_is_one_that_all_lanes_have(scene: Scene, beside: str) -> None:
    """Asked of it, whether of an instant or of now, the same position answers again, without a word of lanes."""
    query = AS_OF.replace("BESIDE", beside)
    before = (await scene.api.ask("{ deals(first: 1, sort: OPENED_AT_ASC) { edges { node { openedAt } } } }")).data
    at = before["deals"]["edges"][0]["node"]["openedAt"]
    for moment in (None, {"at": at}):
        position = (await scene.api.ask(query, {"asOf": moment})).data["deals"]["position"]
        assert int(position) < scene.late.position
        again = (await scene.api.ask(query, {"asOf": {"position": position}})).data["deals"]
        assert again["position"] == position


async def test_an_instant_of_long_ago_is_no_later_than_all_lanes(scene: Scene) -> None:
    """Just before what one lane recorded next is a position that another one has not reached."""
    connection = await asyncpg.connect(scene.api.database_url)
    try:
        found = await connection.fetchrow(
            """select m.p, m.pin, v.p as least, v.reach from entity_states s cross join view_span('postgres') v
            cross join moment_recorded(s.recorded_at - interval '1 microsecond', '2100-01-01') m where s.id = $1""",
            scene.new,
        )
    finally:
        await connection.close()
    assert found is not None
    assert found["p"] == found["pin"] == found["least"] < scene.late.position < found["reach"]


async def test_whoever_waits_for_all_lanes_is_answered_once_the_last_is_there(
    servers: Servers, module_redis_url: str
) -> None:
    """With all that was written. Cursors that were given before are good for the same pages."""
    async with staged(servers, module_redis_url, wait_seconds=20) as scene:
        listed = f"deals(first: 2, after: $after, sort: AMOUNT_ASC, readAfter: $t) {DEALS}"
        page = (await scene.ask(listed))["deals"]
        query, moment = AS_OF.replace("BESIDE", ""), {"at": "2100-01-01T00:00:00Z"}
        waiting = asyncio.create_task(scene.api.ask(query, {"t": scene.token, "asOf": moment}))
        await waited_for(scene.api)
        await scene.runner.project([scene.late])
        found = (await waiting).data["deals"]
        assert (found["totalCount"], int(found["position"])) == (3, decode_token(scene.token).position)
        rest = (await scene.ask(listed, after=page["pageInfo"]["endCursor"]))["deals"]
        assert ids(page) + ids(rest) == [scene.moved, scene.low, scene.new]
