"""Reading one's own writes when the views are behind, parked, or cannot be asked at all."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from event_schemas.streams import Position
from read_api.bootstrap import Pace
from tests.support.api import Client, Setup, running_api
from tests.support.api_commands import OPEN, usd
from tests.support.api_proxy import Proxy
from tests.support.servers import Servers

pytestmark = pytest.mark.asyncio(loop_scope="module")

ID = "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"
MAKE = 'mutation { createTeam(input: { name: "T" }) { token version userErrors { code } } }'
READ = "query($token: String) { teams(readAfter: $token) { totalCount } }"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def behind(servers: Servers, module_redis_url: str) -> AsyncIterator[Client]:
    """An API whose projections do not run: its views stay where they are told to be."""
    async with running_api(servers, module_redis_url, Setup(following=False, pace=Pace(wait_seconds=0.3))) as client:
        yield client


async def tell(api: Client, sql: str, *arguments: Any) -> None:
    """Write what projections would."""
    connection = await asyncpg.connect(api.database_url)
    try:
        await connection.execute(sql, *arguments)
    finally:
        await connection.close()


async def reach(api: Client, position: int) -> None:
    """Let the views have reached a position."""
    await tell(
        api,
        """insert into watermarks (view_group, topic, partition, position) values ('postgres', 'log', 0, $1)
        on conflict (view_group, topic, partition) do update set position = excluded.position""",
        position,
    )


async def test_views_that_stay_behind_are_stale(behind: Client) -> None:
    """After the time that is waited: READ_STALE on both paths, 200, no data."""
    token = (await behind.ask(MAKE)).data["createTeam"]["token"]
    fallback = READ.replace("{ teams", "{ __schema { description } teams")
    for query in (READ, fallback):
        answer = await behind.ask(query, {"token": token})
        assert (answer.status, answer.codes) == (200, ["READ_STALE"])


async def test_a_query_over_a_websocket_waits_too(behind: Client) -> None:
    """Reading one's own writes does not depend on the transport."""
    token = (await behind.ask(MAKE)).data["createTeam"]["token"]
    async with behind.websocket() as socket:
        await socket.subscribe("1", READ, {"token": token})
        message = await socket.receive()
    errors = message["payload"] if message["type"] == "error" else message["payload"]["errors"]
    assert [error["extensions"]["code"] for error in errors] == ["READ_STALE"]


async def test_a_payload_without_its_entity_waits_for_nothing(behind: Client) -> None:
    """The command is acknowledged by the log alone; only who asks for the entity waits for the views."""
    assert (await behind.ask(MAKE)).data["createTeam"]["version"] == 1
    answer = await behind.ask(MAKE.replace("version", "version team { id }"))
    assert answer.codes == ["READ_STALE"]
    assert answer.body["errors"][0]["path"] == ["createTeam", "team"]
    payload = answer.body["data"]["createTeam"]
    assert (payload["version"], payload["team"]) == (1, None)


async def test_a_stream_that_is_parked_is_stale_with_the_reason(behind: Client) -> None:
    """The views have gone past the event without it: waiting would not help, and the answer says why."""
    payload = (await behind.ask(MAKE)).data["createTeam"]
    head = await behind.store.head()
    await reach(behind, head)
    assert (await behind.ask(READ, {"token": payload["token"]})).status == 200
    stream = (await behind.store.read_all(after=Position(head - 1), limit=1))[0].stream
    await tell(
        behind,
        """insert into dead_letters (view_group, view, tenant, stream, position, type, error)
        values ('postgres', '', 'demo', $1, $2, 'team.created', 'a comet')""",
        stream,
        head,
    )
    answer = await behind.ask(READ, {"token": payload["token"]})
    assert (answer.status, answer.codes) == (200, ["READ_STALE"])
    assert "a comet" in answer.messages
    assert (await behind.ask("{ teams { totalCount } }")).status == 200


async def test_all_tokens_of_an_operation_are_waited_for(behind: Client) -> None:
    """One operation waits once, for the furthest of its tokens, literal or variable."""
    tokens = [(await behind.ask(MAKE)).data["createTeam"]["token"] for _ in range(2)]
    await reach(behind, await behind.store.head() - 1)
    query = f'query($b: String) {{ a: teams(readAfter: "{tokens[0]}") {{ totalCount }} ...F }}'
    both = query + " fragment F on Query { b: teams(readAfter: $b) { totalCount } }"
    assert (await behind.ask(both, {"b": tokens[0]})).status == 200
    assert (await behind.ask(both, {"b": tokens[1]})).codes == ["READ_STALE"]


@pytest.mark.parametrize("token", ["", "x", "W10x", "e30", "W1siZGVhbC1kZW1vfngiLDBdXQ", "W1sieCIsMV1d", "\u00e9"])
async def test_a_token_that_is_none_is_refused(behind: Client, token: str) -> None:
    """BAD_REQUEST before anything is executed."""
    answer = await behind.ask(READ, {"token": token})
    assert (answer.status, answer.codes) == (400, ["BAD_REQUEST"])


async def test_a_database_that_is_lost_is_unavailable(servers: Servers, module_redis_url: str) -> None:
    """Queries and commands answer UNAVAILABLE with 503, /health names the parts; once it is back, all is as before."""
    open_deal = {"input": {"name": "A", "pipelineId": ID, "amount": usd(1)}}
    async with (
        Proxy.to(servers.postgres_url) as proxy,
        running_api(servers, module_redis_url, Setup(proxy=proxy)) as api,
    ):
        assert (await api.ask("{ deals { totalCount } }")).status == 200
        await proxy.cut()
        for query, variables in (
            ("{ deals { totalCount } }", {}),
            (f'{{ history(id: "{ID}") {{ totalCount }} }}', {}),
            (OPEN, open_deal),
        ):
            answer = await api.ask(query, variables)
            assert (answer.status, answer.codes) == (503, ["UNAVAILABLE"]), query
        health = await api.http.get("/health")
        assert (health.status_code, health.json()["status"]) == (503, "degraded")
        await proxy.mend()
        assert (await api.ask("{ deals { totalCount } }")).status == 200
