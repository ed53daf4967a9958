"""Subscriptions: items come from the log in order, without gap or repeat, and nothing is left behind."""

import asyncio
import json
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from read_api.entity_log import EntityReader, Entry
from tests.support.api import Client, Socket
from tests.support.api_commands import CHANGE_AMOUNT, deal

pytestmark = pytest.mark.asyncio(loop_scope="module")

ID = "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"
FOLLOW = """subscription($id: ID!, $from: String) { entityChanged(id: $id, from: $from) {
  position entry { type version changes { field before after } } deal { amount { minor } version } account { id } } }"""


async def change(api: Client, identity: str, *amounts: int) -> None:
    """Change a deal's amount once for each."""
    for minor in amounts:
        await api.ask(CHANGE_AMOUNT, {"id": identity, "minor": str(minor)})


async def items(socket: Socket, count: int) -> list[Any]:
    """The next items of a subscription."""
    messages = [await socket.receive() for _ in range(count)]
    assert {message["type"] for message in messages} == {"next"}, messages
    return [message["payload"]["data"]["entityChanged"] for message in messages]


def amounts(found: list[Any]) -> list[str]:
    """What each item's event changed the amount to."""
    return [change["after"]["minor"] for item in found for change in item["entry"]["changes"]]


async def test_changes_arrive_in_order_with_the_entity(api: Client) -> None:
    """From now on: every later event once, with the entity as it is once the views have reached it."""
    identity = (await deal(api, minor=1))["deal"]["id"]
    async with api.websocket() as socket:
        await socket.subscribe("1", FOLLOW, {"id": identity})
        await socket.send({"type": "ping"})
        assert (await socket.receive())["type"] == "pong"
        sending = asyncio.create_task(_until_received(api, identity))
        (first,) = await items(socket, 1)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    assert first["entry"]["type"] == "deal.amount_changed"
    assert int(first["deal"]["version"]) >= first["entry"]["version"]
    assert first["account"] is None


async def _until_received(api: Client, identity: str) -> None:
    """Change the deal until cancelled: it is not known when exactly a subscription from now on begins."""
    for minor in range(2, 1_000):
        await change(api, identity, minor)
        await asyncio.sleep(0.05)


async def test_what_happens_while_it_begins_is_told(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on is from when it was asked for, however long it takes to read what was there."""
    identity, read = (await deal(api, minor=1))["deal"]["id"], EntityReader.entries
    begun: list[EntityReader] = []

    async def slowly(reader: EntityReader) -> AsyncGenerator[Entry, None]:
        if not begun:
            begun.append(reader)
            await change(api, identity, 2)
        async for entry in read(reader):
            yield entry

    monkeypatch.setattr(EntityReader, "entries", slowly)
    async with api.websocket() as socket:
        await socket.subscribe("1", FOLLOW, {"id": identity})
        assert amounts(await items(socket, 1)) == ["2"]


async def test_a_subscription_resumes_after_a_position(api: Client) -> None:
    """Whoever passes the last position it has seen misses nothing and sees nothing twice."""
    identity = (await deal(api, minor=1))["deal"]["id"]
    await change(api, identity, 2, 3)
    async with api.websocket() as socket:
        await socket.subscribe("1", FOLLOW, {"id": identity, "from": "0"})
        opened, second = await items(socket, 2)
        assert opened["entry"]["type"] == "deal.opened"
    await change(api, identity, 4)
    async with api.websocket() as socket:
        await socket.subscribe("1", FOLLOW, {"id": identity, "from": second["position"]})
        later = await items(socket, 2)
        await change(api, identity, 5)
        later += await items(socket, 1)
    assert amounts([second, *later]) == ["2", "3", "4", "5"]
    assert later[0]["entry"]["changes"][0]["before"]["minor"] == "2"


async def test_each_item_is_read_anew(api: Client) -> None:
    """What an item shows of other entities is as of that item, not as of an earlier one."""
    opened = await deal(api, minor=1)
    identity = opened["deal"]["id"]
    found = await api.ask("query($id: ID!) { deal(id: $id) { pipeline { id } } }", {"id": identity})
    follow = """subscription($id: ID!) { entityChanged(id: $id, from: "0") { deal { pipeline { name } } } }"""
    rename = 'mutation($id: ID!) { renamePipeline(input: { id: $id, name: "Renamed" }) { pipeline { name } } }'
    async with api.websocket() as socket:
        await socket.subscribe("1", follow, {"id": identity})
        (before,) = await items(socket, 1)
        await api.ask(rename, {"id": found.data["deal"]["pipeline"]["id"]})
        await change(api, identity, 2)
        (after,) = await items(socket, 1)
    assert [item["deal"]["pipeline"]["name"] for item in (before, after)] == ["Sales", "Renamed"]


async def test_other_entities_wake_nobody(api: Client) -> None:
    """What another entity, or another tenant, goes through is not told."""
    mine, other = [(await deal(api, minor=1))["deal"]["id"] for _ in range(2)]
    async with api.websocket() as socket:
        await socket.subscribe("1", FOLLOW, {"id": mine, "from": "0"})
        await items(socket, 1)
        await change(api, other, 2)
        await deal(api, tenant="other")
        await change(api, mine, 3)
        assert amounts(await items(socket, 1)) == ["3"]


async def test_an_account_is_told_of_its_hierarchy_too(api: Client) -> None:
    """Both streams of an account are merged by position."""
    open_account = 'mutation { openAccount(input: { name: "A" }) { account { id } } }'
    child, parent = [(await api.ask(open_account)).data["openAccount"]["account"]["id"] for _ in range(2)]
    attach = "mutation($id: ID!, $p: ID) { setAccountParent(input: { id: $id, parentId: $p }) { userErrors { code } } }"
    follow = """subscription($id: ID!) { entityChanged(id: $id, from: "0") {
      entry { type stream changes { field after } } account { parent { id } } deal { id } } }"""
    async with api.websocket() as socket:
        await socket.subscribe("1", follow, {"id": child})
        await items(socket, 1)
        await api.ask(attach, {"id": child, "p": parent})
        (item,) = await items(socket, 1)
    assert item["entry"]["stream"] == "account_hierarchy-demo~accounts"
    assert item["entry"]["changes"] == [{"field": "parentId", "after": parent}]
    assert item["account"] == {"parent": {"id": parent}}


@pytest.mark.parametrize(
    ("identity", "start", "code"),
    [
        (ID, None, "NOT_FOUND"),
        ("x", None, "BAD_REQUEST"),
        (ID, "yesterday", "BAD_REQUEST"),
        (ID, "-1", "BAD_REQUEST"),
        (ID, "9" * 30, "BAD_REQUEST"),
    ],
)
async def test_what_cannot_be_followed_ends_with_an_error(
    api: Client, identity: str, start: str | None, code: str
) -> None:
    """One message with the code, then the subscription is over."""
    async with api.websocket() as socket:
        await socket.subscribe("1", FOLLOW, {"id": identity, "from": start})
        message = await socket.receive()
        assert message["payload"]["errors"][0]["extensions"]["code"] == code
        assert await socket.receive() == {"id": "1", "type": "complete"}


async def test_another_tenants_entity_cannot_be_followed(api: Client) -> None:
    """It looks as if it were absent."""
    identity = (await deal(api))["deal"]["id"]
    async with api.websocket(api.token(tenant="other")) as socket:
        await socket.subscribe("1", FOLLOW, {"id": identity, "from": "0"})
        message = await socket.receive()
    assert message["payload"]["errors"][0]["extensions"]["code"] == "NOT_FOUND"


async def test_queries_and_mutations_work_over_a_websocket(api: Client) -> None:
    """Each operation has a context of its own, also while another one is open."""
    opened = await deal(api, name="Over a websocket")
    identity = opened["deal"]["id"]
    async with api.websocket() as socket:
        await socket.subscribe("s", FOLLOW, {"id": identity, "from": "0"})
        await items(socket, 1)
        read = "query($id: ID!, $t: String) { deal(id: $id, readAfter: $t) { name } }"
        await socket.subscribe("q", read, {"id": identity, "t": opened["token"]})
        assert (await socket.receive())["payload"]["data"]["deal"]["name"] == "Over a websocket"
        assert await socket.receive() == {"id": "q", "type": "complete"}
        await socket.subscribe("m", CHANGE_AMOUNT, {"id": identity, "minor": "8"})
        answers = [await socket.receive() for _ in range(3)]
    assert {answer["id"] for answer in answers} == {"s", "m"}


@pytest.mark.parametrize(
    "payload", [None, {}, {"Authorization": "Bearer forged"}, {"Authorization": 7}, {"authorization": "x"}]
)
async def test_a_websocket_needs_a_token(api: Client, payload: Any) -> None:
    """Without a valid token in the first message or the handshake the socket is closed with 4403."""
    async with api.raw_websocket() as socket:
        await socket.send({"type": "connection_init", "payload": payload})
        assert await socket.closed() == 4403


@pytest.mark.parametrize(
    "message",
    [
        "",
        "{",
        "[]",
        "7",
        "{}",
        '{"type": "nope"}',
        '{"type": 7}',
        '{"type": "subscribe"}',
        '{"type": "subscribe", "id": 1, "payload": {"query": "{ __typename }"}}',
        '{"type": "subscribe", "id": "1", "payload": []}',
        '{"type": "subscribe", "id": "1", "payload": {"query": 1}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }", "variables": 7}}',
        '{"type": "complete"}',
        '{"type": "connection_init", "payload": 7}',
        b"\xff\x00",
    ],
)
async def test_a_message_that_is_none_closes_the_socket(
    api: Client, message: str | bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """4400 and nothing else: no traceback, and the next client is served."""
    async with api.websocket() as socket:
        await socket.send(message)
        assert await socket.closed() == 4400
    assert not [record for record in caplog.records if record.exc_info]
    assert (await api.ask("{ __typename }")).status == 200


@pytest.mark.parametrize("query", ["{", "n" * 5_000, "{ nope }", "query A { __typename } query B { __typename }"])
async def test_a_query_that_is_not_valid_is_an_error_message(api: Client, query: str) -> None:
    """The operation is refused; the socket stays open for others."""
    async with api.websocket() as socket:
        await socket.subscribe("1", query)
        message = await socket.receive()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "BAD_REQUEST")
        await socket.subscribe("1", "{ __typename }")
        assert (await socket.receive())["type"] == "next"


async def test_a_huge_message_closes_the_socket(api: Client) -> None:
    """A message over the limit of a body is not read."""
    async with api.websocket() as socket:
        await socket.send(json.dumps({"type": "ping", "payload": {"x": "x" * 1_000_001}}))
        assert await socket.closed() == 1009


async def test_a_token_that_expires_ends_its_subscriptions(api: Client) -> None:
    """An open socket outlives its token only as a socket: what it carries ends, and nothing new begins."""
    identity = (await deal(api))["deal"]["id"]
    async with api.websocket(api.token(lifetime=timedelta(seconds=2))) as socket:
        await socket.subscribe("1", FOLLOW, {"id": identity, "from": "0"})
        await items(socket, 1)
        assert await socket.receive() == {"id": "1", "type": "complete"}
        await socket.subscribe("2", "{ __typename }")
        message = await socket.receive()
    assert message["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"


def followers() -> list[asyncio.Task[Any]]:
    """The tasks that follow the log for subscribers."""
    return [task for task in asyncio.all_tasks() if "TenantBell" in str(task.get_coro())]


async def test_a_closed_socket_leaves_nothing_behind(api: Client) -> None:
    """Whether it says good-bye or not: no task goes on, no connection is held."""
    identity = (await deal(api))["deal"]["id"]
    assert not followers()
    async with api.websocket() as socket:
        for number in range(5):
            await socket.subscribe(str(number), FOLLOW, {"id": identity, "from": "0"})
        await items(socket, 5)
        (follower,) = followers()
    done, _ = await asyncio.wait([follower], timeout=20)
    assert done
    connection = await asyncpg.connect(api.database_url)
    try:
        open_transactions = await connection.fetchval(
            "select count(*) from pg_stat_activity"
            " where datname = current_database() and state like 'idle in transaction%'"
        )
    finally:
        await connection.close()
    assert open_transactions == 0
