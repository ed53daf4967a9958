"""A history is told from the log itself: complete, in order, and whatever the log holds."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from event_schemas.deal import DealAmountChanged
from event_schemas.envelope import Origin, StreamHead
from event_schemas.streams import StreamName, TenantId
from event_schemas.values import Money
from read_api.entity_log import EntityReader
from read_api.errors import ApiError
from tests.support.api import Client
from tests.support.api_commands import CHANGE_AMOUNT, deal

pytestmark = pytest.mark.asyncio(loop_scope="module")

HISTORY = """query($id: ID!, $first: Int, $after: String) { history(id: $id, first: $first, after: $after) {
  totalCount pageInfo { hasNextPage hasPreviousPage endCursor }
  edges { node { stream version type position causationId changes { field before after } } } } }"""


async def history(api: Client, identity: str, **variables: Any) -> Any:
    """The connection."""
    return (await api.ask(HISTORY, {"id": identity, **variables})).data["history"]


async def long(api: Client, events: int) -> str:
    """A deal whose amount changed so often, each time by one."""
    identity: str = (await deal(api, minor=1))["deal"]["id"]
    stream = StreamName(f"deal-demo~{identity}")
    (last,) = await api.store.load(stream)
    origin = Origin(
        tenant=TenantId("demo"),
        actor="tester",
        command_id=uuid4(),
        request_digest="",
        correlation_id=uuid4(),
        source="test",
        occurred_at=datetime.now(UTC),
    )
    changes = [DealAmountChanged(amount=Money(minor, "USD")) for minor in range(2, events + 2)]
    await api.store.append(stream, changes, expected=StreamHead(1, last.hash), origin=origin)
    return identity


async def test_a_long_history_is_read_in_pieces(api: Client) -> None:
    """More events than one question brings: counted, paged to the end, each with the value before it."""
    identity = await long(api, 1_200)
    first = await history(api, identity, first=700)
    assert first["totalCount"] == 1_201
    second = await history(api, identity, first=1_000, after=first["pageInfo"]["endCursor"])
    assert (first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (True, False)
    nodes = [edge["node"] for edge in first["edges"] + second["edges"]]
    assert [node["version"] for node in nodes] == list(range(1, 1_202))
    befores = [change["before"]["minor"] for node in nodes[1:] for change in node["changes"]]
    assert befores == [str(minor) for minor in range(1, 1_201)]


async def test_the_work_for_one_answer_is_bounded(api: Client) -> None:
    """A history that would take too long to tell says so instead of holding up the others."""
    identity = await long(api, 600)
    log: Any = api.store
    reader = EntityReader(log, TenantId("demo"), UUID(identity), user_id="tester", max_events=550)
    with pytest.raises(ApiError, match="more than 550 events"):
        assert [entry async for entry in reader.entries()]


async def test_bookkeeping_is_no_part_of_a_history(api: Client) -> None:
    """A command that changed nothing, remembered for its repeat, is not something that happened to the deal."""
    identity = (await deal(api, minor=5))["deal"]["id"]
    for key in ("a", "b"):
        await api.ask(CHANGE_AMOUNT, {"id": identity, "minor": "6", "key": key})
    await api.ask(CHANGE_AMOUNT, {"id": identity, "minor": "7"})
    told = await history(api, identity)
    assert [edge["node"]["version"] for edge in told["edges"]] == [1, 2, 4]
    assert told["totalCount"] == 3


async def test_an_account_has_one_history_of_two_streams(api: Client) -> None:
    """What the hierarchy says of it stands between the rest, by position, and names its stream."""
    open_account = 'mutation { openAccount(input: { name: "A" }) { account { id } } }'
    child, parent = [(await api.ask(open_account)).data["openAccount"]["account"]["id"] for _ in range(2)]
    attach = """mutation($id: ID!, $p: ID) { setAccountParent(input: { id: $id, parentId: $p }) {
      version account { version } } }"""
    attached = (await api.ask(attach, {"id": child, "p": parent})).data["setAccountParent"]
    assert attached == {"version": 1, "account": {"version": 1}}
    await api.ask("mutation($id: ID!) { archiveAccount(input: { id: $id }) { version } }", {"id": child})
    nodes = [edge["node"] for edge in (await history(api, child))["edges"]]
    assert [node["type"] for node in nodes] == ["account.opened", "account.parent_set", "account.archived"]
    assert [node["stream"] for node in nodes] == [
        f"account-demo~{child}",
        "account_hierarchy-demo~accounts",
        f"account-demo~{child}",
    ]
    assert nodes[1]["changes"] == [{"field": "parentId", "before": None, "after": parent}]


async def test_an_event_that_cannot_be_read_is_told_without_its_changes(
    api: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """A poison event does not hide the history that it stands in."""
    identity = (await deal(api))["deal"]["id"]
    connection = await asyncpg.connect(api.database_url)
    try:
        await connection.execute(
            """with moved as (update log_head set position = position + 1 returning position)
            insert into log_events (position, tenant, stream, stream_version, entity_id, event_id, command_id, type,
              recorded_at, metadata, data, hash)
            select moved.position, tenant, stream, 2, entity_id, gen_random_uuid(), gen_random_uuid(), type,
              recorded_at, convert_to(replace(convert_from(metadata, 'UTF8'), '"streamVersion":1', '"streamVersion":2'),
              'UTF8'), '{"no": "deal"}'::bytea, hash
            from log_events, moved where stream = $1""",
            f"deal-demo~{identity}",
        )
    finally:
        await connection.close()
    nodes = [edge["node"] for edge in (await history(api, identity))["edges"]]
    assert [(node["version"], bool(node["changes"])) for node in nodes] == [(1, True), (2, False)]
    assert "cannot be read" in caplog.text


async def test_a_command_on_what_cannot_be_read_waits_for_its_repair(api: Client) -> None:
    """An entity whose own history is unreadable is UNAVAILABLE, which is no 5xx, and nobody else's concern."""
    poisoned, well = uuid4(), await long(api, 1)
    connection = await asyncpg.connect(api.database_url)
    try:
        await connection.execute(
            """with moved as (update log_head set position = position + 1 returning position)
            insert into log_events (position, tenant, stream, stream_version, entity_id, event_id, command_id, type,
              recorded_at, metadata, data, hash)
            select moved.position, tenant, 'deal-demo~' || $2::text, 1, ($2::text)::uuid, gen_random_uuid(),
              gen_random_uuid(), type, recorded_at, metadata, '{}'::bytea, hash
            from log_events, moved where stream = $1 and stream_version = 1""",
            f"deal-demo~{well}",
            str(poisoned),
        )
    finally:
        await connection.close()
    refused = await api.ask(CHANGE_AMOUNT, {"id": str(poisoned), "minor": "3"})
    assert (refused.status, refused.codes) == (200, ["UNAVAILABLE"])
    assert (await api.ask(CHANGE_AMOUNT, {"id": well, "minor": "3"})).data["changeDealAmount"]["version"] == 3
