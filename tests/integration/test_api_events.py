"""The subscription ``events``: everything of one's tenant, in order, once, over both transports."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from random import Random
from typing import Any

import msgspec
import pytest

from event_schemas.codec import decode
from event_schemas.envelope import StoredEvent
from event_schemas.registry import of_class
from event_schemas.streams import START, TenantId, parse_stream
from read_api.authentication import Role
from read_api.values import print_instant
from tests.support.api import Client, running_api
from tests.support.api_commands import CHANGE_AMOUNT, deal
from tests.support.events import store
from tests.support.histories import everything
from tests.support.servers import Servers
from tests.support.streams import KINDS, EventStream, Stream, WebsocketStream, streaming

FIELDS = "position type stream version occurredAt recordedAt actor commandId entityId kind data"
EVENTS = f"subscription($types: [String!], $from: String) {{ events(types: $types, from: $from) {{ {FIELDS} }} }}"
DEMO, OTHER = TenantId("demo"), TenantId("other")

Kind = type[WebsocketStream] | type[EventStream]
both = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
async def api(servers: Servers, redis_url: str) -> AsyncIterator[Client]:
    """An API of this test alone."""
    async with running_api(servers, redis_url) as client:
        yield client


async def told(api: Client, tenant: TenantId = DEMO, actor: str = "tester") -> list[Any]:
    """What is to be told of the log as it is now."""
    events = await api.store.read_all(after=START, limit=1_000_000)
    ours = [event for event in events if event.tenant == tenant]
    return [_shown(event) for event in ours if _is_told(event, actor)]


def _is_told(stored: StoredEvent, actor: str) -> bool:
    recorded = decode(stored)
    category = parse_stream(stored.stream).category
    private = category == "saved_view" and recorded.meta.actor != actor
    return not (private or category == "email" or of_class(type(recorded.event)).bookkeeping)


def _shown(stored: StoredEvent) -> Any:
    recorded = decode(stored)
    meta = recorded.meta
    category = parse_stream(stored.stream).category
    kind = {"account_hierarchy": "ACCOUNT", "batch": None, "saved_view": None}.get(category, category.upper())
    return {
        "position": str(stored.position),
        "type": meta.type,
        "stream": meta.stream,
        "version": meta.stream_version,
        "occurredAt": print_instant(meta.occurred_at),
        "recordedAt": print_instant(meta.recorded_at),
        "actor": meta.actor,
        "commandId": str(meta.command_id),
        "entityId": str(recorded.entity_id),
        "kind": kind,
        "data": msgspec.json.decode(msgspec.json.encode(recorded.event)),
    }


async def items(stream: Stream, count: int) -> list[Any]:
    """So many items."""
    found = [await stream.item() for _ in range(count)]
    assert all(answer and "errors" not in answer for answer in found), found
    return [answer["data"]["events"] for answer in found]


async def quiet(stream: Stream) -> None:
    """Nothing comes for a moment."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            raise AssertionError(await stream.item())


@both
async def test_everything_of_the_tenant_is_told_in_order(api: Client, kind: Kind) -> None:
    """From the start, past what is not told, and on to what is appended while the subscription is open."""
    events = everything(Random(1), 400)
    events += everything(Random(2), 300, tenant=OTHER, after=len(events))
    await store(api.database_url, events)
    async with streaming(kind, api, EVENTS, {"from": "0"}) as stream:
        wanted = await told(api)
        assert 200 < len(wanted) < 400
        assert await items(stream, len(wanted)) == wanted
        await quiet(stream)
        await deal(api, tenant="other")
        await deal(api)
        later = (await told(api))[len(wanted) :]
        assert len(later) == 2
        assert await items(stream, 2) == later


@both
async def test_without_a_position_it_begins_now(api: Client, kind: Kind) -> None:
    """What was there before is not told."""
    await deal(api)
    async with streaming(kind, api, EVENTS) as stream:
        while not api.api.stop_streams.__self__.listening:  # type: ignore[attr-defined]  # noqa: ASYNC110  # no event tells that it listens
            await asyncio.sleep(0.01)
        await deal(api)
        assert await items(stream, 2) == (await told(api))[2:]


async def test_it_begins_after_a_position(api: Client) -> None:
    """The position is exclusive; one that is not there yet is waited for."""
    await deal(api)
    async with streaming(WebsocketStream, api, EVENTS, {"from": "1"}) as stream:
        assert await items(stream, 1) == (await told(api))[1:]
    async with streaming(WebsocketStream, api, EVENTS, {"from": "3"}) as stream:
        await deal(api)
        assert await items(stream, 1) == (await told(api))[3:]


async def test_only_the_types_that_are_asked_for_are_told(api: Client) -> None:
    """Others neither come nor are counted."""
    await store(api.database_url, everything(Random(3), 300))
    types = ["deal.owner_changed", "lead.captured"]
    async with streaming(WebsocketStream, api, EVENTS, {"from": "0", "types": types}) as stream:
        wanted = [item for item in await told(api) if item["type"] in types]
        assert {item["type"] for item in wanted} == set(types)
        assert await items(stream, len(wanted)) == wanted
        await deal(api)
        await quiet(stream)


REFUSED: Sequence[tuple[dict[str, Any], str]] = (
    ({"types": ["deal.opened", "deal.forgotten"]}, "'deal.forgotten'; there are account.archived"),
    ({"types": ["email.reserved"]}, "'email.reserved'"),
    ({"types": ["command.accepted"]}, "'command.accepted'"),
    ({"types": []}, "`types` is empty"),
    ({"from": "yesterday"}, "`from` is not a position"),
    ({"from": "-1"}, "`from` is not a position"),
)


async def test_what_cannot_be_told_is_refused(api: Client) -> None:
    """One answer with its code, which says what there is; then the subscription is over."""
    for variables, says in REFUSED:
        for kind in KINDS:
            async with streaming(kind, api, EVENTS, variables) as stream:
                (error,) = (await stream.item())["errors"]
                assert error["extensions"]["code"] == "BAD_REQUEST"
                assert says in error["message"]
                if variables.get("types"):
                    assert "deal.won" in error["extensions"]["types"]
                assert await stream.item() is None


@both
async def test_a_cut_connection_resumes_without_gap_or_repeat(api: Client, kind: Kind) -> None:
    """Cut at random moments while events are appended; each connection goes on after the last item that was seen."""
    random = Random(9)
    await store(api.database_url, everything(Random(4), 300))
    seen: list[Any] = []

    async def append() -> None:
        for number in range(15):
            identity = (await deal(api))["deal"]["id"]
            await api.ask(CHANGE_AMOUNT, {"id": identity, "minor": str(number)})

    appending = asyncio.create_task(append())
    cuts = 0
    while not appending.done() or len(seen) < len(await told(api)):
        stream = await kind.open(api, EVENTS, {"from": seen[-1]["position"] if seen else "0"})
        try:
            async with asyncio.timeout(random.choice((0.001, 0.05, 0.3))):
                while True:
                    seen += await items(stream, 1)
        except TimeoutError:
            cuts += 1
        finally:
            stream.abort()
    await appending
    assert seen == await told(api)
    assert cuts > 3


@both
async def test_any_role_may_listen_and_nobody_hears_another_tenant(api: Client, kind: Kind) -> None:
    """A viewer of the other tenant is told of the other tenant alone."""
    token = api.token(tenant="other", role=Role.VIEWER)
    await deal(api)
    async with streaming(kind, api, EVENTS, {"from": "0"}, token=token) as stream:
        await quiet(stream)
        await deal(api)
        await deal(api, tenant="other")
        assert await items(stream, 2) == await told(api, OTHER)


async def test_saved_views_are_told_to_who_saves_them(api: Client) -> None:
    """A private list is nobody else's news."""
    save = """mutation { saveView(input: { kind: DEAL, name: "Mine", filter: "{}", shared: false }) {
      userErrors { code message } } }"""
    saved = (await api.ask(save)).data["saveView"]
    assert not saved["userErrors"], saved
    await deal(api)
    mine = await told(api)
    assert [item["kind"] for item in mine] == [None, "PIPELINE", "DEAL"]
    other = api.tokens.issue(tenant=DEMO, user_id="somebody else", role=Role.ADMIN)
    async with streaming(WebsocketStream, api, EVENTS, {"from": "0"}) as stream:
        assert await items(stream, 3) == mine
    async with streaming(WebsocketStream, api, EVENTS, {"from": "0"}, token=other) as stream:
        assert await items(stream, 2) == mine[1:]


@both
async def test_a_token_that_expires_ends_it(api: Client, kind: Kind) -> None:
    """Also for who has nothing to wait for."""
    token = api.token(lifetime=timedelta(seconds=2))
    await deal(api)
    async with streaming(kind, api, EVENTS, {"from": "0"}, token=token) as stream:
        await items(stream, 2)
        assert await stream.item() is None


async def test_it_ends_when_the_process_stops(api: Client) -> None:
    """Told so, not cut off."""
    await deal(api)
    async with streaming(WebsocketStream, api, EVENTS, {"from": "0"}) as stream:
        await items(stream, 2)
        api.api.stop_streams()
        assert await stream.item() is None


async def test_an_event_that_cannot_be_read_is_told_without_its_payload(api: Client) -> None:
    """Nothing is missing, and what comes after it is told."""
    events = everything(Random(5), 60)
    events[20] = msgspec.structs.replace(events[20], data=b"\xff")
    await store(api.database_url, events)
    async with streaming(WebsocketStream, api, EVENTS, {"from": "19"}) as stream:
        found = await items(stream, 3)
    assert (found[1]["position"], found[1]["data"]) == ("21", None)
    assert found[1]["type"] == events[20].type
    assert all(found[at]["data"] for at in (0, 2))
