"""Server-sent events: the same subscriptions over plain HTTP."""

import json
from typing import Any

import pytest

from tests.support.api import Client, running_api
from tests.support.api_commands import CHANGE_AMOUNT, deal
from tests.support.servers import Servers

pytestmark = pytest.mark.asyncio(loop_scope="module")

FOLLOW = 'subscription($id: ID!) { entityChanged(id: $id, from: "0") { position deal { version } } }'


def request(api: Client, query: str, variables: Any = None) -> dict[str, Any]:
    """Arguments of a streaming POST."""
    headers = {"authorization": f"Bearer {api.token()}", "accept": "text/event-stream"}
    return {"url": "/graphql", "json": {"query": query, "variables": variables or {}}, "headers": headers}


async def test_events_arrive_as_they_happen(api: Client) -> None:
    """Each item is one event of the stream."""
    identity = (await deal(api))["deal"]["id"]
    versions = []
    async with api.http.stream("POST", **request(api, FOLLOW, {"id": identity})) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        async for line in response.aiter_lines():
            if line.startswith("data: {"):
                data = json.loads(line.removeprefix("data: "))["data"]["entityChanged"]
                versions.append(data["deal"]["version"])
                if len(versions) == 3:
                    break
                await api.ask(CHANGE_AMOUNT, {"id": identity, "minor": str(10 + len(versions))})
    assert versions == [1, 2, 3]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ nope }", "BAD_REQUEST"),
        ("{", "BAD_REQUEST"),
        (f"{{ {'__typename ' * 1_000} }}", "QUERY_TOO_COMPLEX"),
        ('subscription { entityChanged(id: "x") { position } }', "BAD_REQUEST"),
    ],
)
async def test_an_error_is_an_event_with_its_code(api: Client, query: str, code: str) -> None:
    """The stream tells the error and is complete."""
    response = await api.http.post(**request(api, query))
    events = [line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: {")]
    assert [error["extensions"]["code"] for error in json.loads(events[0])["errors"]] == [code]
    assert "event: complete" in response.text


async def test_a_query_over_events_is_answered_once(api: Client) -> None:
    """Any operation may be streamed."""
    response = await api.http.post(**request(api, "{ deals { totalCount } }"))
    assert response.text.count("event: next") == 1


async def test_a_stream_needs_a_token(api: Client) -> None:
    """401 before anything is streamed."""
    given = request(api, FOLLOW)
    del given["headers"]["authorization"]
    assert (await api.http.post(**given)).status_code == 401


async def test_streams_end_when_the_process_stops(servers: Servers, module_redis_url: str) -> None:
    """What is being told is completed, not cut off, and nothing new is told."""
    async with running_api(servers, module_redis_url) as api, api.websocket() as socket:
        identity = (await deal(api))["deal"]["id"]
        await socket.subscribe("1", FOLLOW, {"id": identity})
        assert (await socket.receive())["type"] == "next"
        async with api.http.stream("POST", **request(api, FOLLOW, {"id": identity})) as response:
            lines = response.aiter_lines()
            assert await anext(lines) == "event: next"
            api.api.stop_streams()
            assert "event: complete" in [line async for line in lines]
        assert await socket.receive() == {"id": "1", "type": "complete"}
        again = await api.http.post(**request(api, FOLLOW, {"id": identity}))
        assert "event: complete" in again.text
