"""Several processes of the API on one platform: what is appended through one wakes who listens to another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from operator import eq
from typing import Any

from redis.asyncio import Redis

from read_api.bootstrap import Pace
from tests.support.api import Client, Setup, running_api
from tests.support.api_commands import CHANGE_AMOUNT, deal
from tests.support.api_proxy import Proxy
from tests.support.servers import Servers
from tests.support.streams import Stream, WebsocketStream, streaming
from tests.support.waking import hears, metric, metric_is, subscribed, until

EVENTS = "subscription { events { position type } }"
CHANGED = "subscription($id: ID!) { entityChanged(id: $id) { position deal { amount { minor } } } }"
READ = "query($id: ID!, $token: String) { deal(id: $id, readAfter: $token) { amount { minor } } }"
SELDOM = Pace(wait_seconds=20, view_poll_seconds=6_000, log_poll_seconds=600)
"""Whoever is not woken comes too late for a test."""
OFTEN = Pace(log_poll_seconds=0.2)


@asynccontextmanager
async def beside(
    one: Client, servers: Servers, redis_url: str, pace: Pace, *, following: bool = False
) -> AsyncIterator[Client]:
    """Another API on the same data, with connections of its own."""
    setup = Setup(following=following, beside=one.database_url, pace=pace)
    async with running_api(servers, redis_url, setup) as other:
        yield other


async def change(api: Client, identity: str, minor: int) -> str:
    """Another amount; the token."""
    payload = (await api.ask(CHANGE_AMOUNT, {"id": identity, "minor": str(minor)})).data["changeDealAmount"]
    assert not payload["userErrors"]
    return str(payload["token"])


async def item(stream: Stream) -> Any:
    """The next item's data, or a failure long before a poll."""
    async with asyncio.timeout(20):
        answer = await stream.item()
    assert "errors" not in answer, answer
    return answer["data"]


async def test_an_append_through_one_wakes_the_subscriptions_of_another(servers: Servers, redis_url: str) -> None:
    """Both kinds, with the entity as its views show it by then; the views are kept by the process that appends."""
    async with running_api(servers, redis_url) as one, beside(one, servers, redis_url, SELDOM) as other:
        await hears(other)
        identity = (await deal(one))["deal"]["id"]
        async with (
            streaming(WebsocketStream, other, EVENTS) as events,
            streaming(WebsocketStream, other, CHANGED, {"id": identity}) as changes,
        ):
            await until(lambda: other.api.stop_streams.__self__.listening == 2)  # type: ignore[attr-defined]  # bells
            for minor in (1, 2, 3):
                await change(one, identity, minor)
                assert (await item(events))["events"]["type"] == "deal.amount_changed"
                assert (await item(changes))["entityChanged"]["deal"] == {"amount": {"minor": str(minor)}}
        database = redis_url.rpartition("/")[2]
        assert await metric(other, f'crm_wakes_total{{channel="crm:{database}:appended"}}')
        assert await metric(other, f'crm_wakes_total{{channel="crm:{database}:advanced:postgres"}}')


async def test_views_kept_elsewhere_wake_who_reads_their_own_writes(servers: Servers, redis_url: str) -> None:
    """The command goes through the process that keeps no views, and waits for them with its own token."""
    async with running_api(servers, redis_url) as one, beside(one, servers, redis_url, SELDOM) as other:
        await hears(other)
        identity = (await deal(other))["deal"]["id"]
        for minor in range(1, 6):
            answer = await other.ask(READ, {"id": identity, "token": await change(other, identity, minor)})
            assert answer.data["deal"]["amount"]["minor"] == str(minor)


async def test_without_redis_the_poll_answers(servers: Servers, redis_url: str) -> None:
    """Redis is gone for both: commands are acknowledged, subscriptions told; once it is back, at once again."""
    async with Proxy.to(servers.redis_url) as proxy, running_api(servers, proxy.url(redis_url)) as one:
        async with beside(one, servers, proxy.url(redis_url), OFTEN) as other:
            identity = (await deal(one))["deal"]["id"]
            await hears(other)
            await proxy.cut()
            await hears(other, wakes=False)
            async with streaming(WebsocketStream, other, EVENTS) as events:
                await subscribed(other)
                await change(one, identity, 1)
                assert (await item(events))["events"]["type"] == "deal.amount_changed"
            answer = await other.ask(READ, {"id": identity, "token": await change(other, identity, 2)})
            assert answer.data["deal"]["amount"]["minor"] == "2"
        async with beside(one, servers, proxy.url(redis_url), SELDOM) as other:
            await hears(other, wakes=False)
            async with streaming(WebsocketStream, other, EVENTS) as events:
                await subscribed(other)
                await proxy.mend()
                await hears(other)
                await change(one, identity, 3)
                assert (await item(events))["events"]["type"] == "deal.amount_changed"


async def test_what_was_said_while_nobody_listened_is_asked_for(servers: Servers, redis_url: str) -> None:
    """A message that was lost costs nothing but time: as soon as Redis is heard again, the log is asked."""
    async with Proxy.to(servers.redis_url) as proxy, running_api(servers, redis_url) as one:
        identity = (await deal(one))["deal"]["id"]
        async with beside(one, servers, proxy.url(redis_url), SELDOM) as other:
            await hears(other)
            async with streaming(WebsocketStream, other, EVENTS) as events:
                await subscribed(other)
                await proxy.cut()
                await hears(other, wakes=False)
                token = await change(one, identity, 1)
                reading = asyncio.create_task(other.ask(READ, {"id": identity, "token": token}))
                await proxy.mend()
                assert (await item(events))["events"]["type"] == "deal.amount_changed"
            assert (await reading).data["deal"]["amount"]["minor"] == "1"


async def test_garbage_and_foreign_positions_do_no_harm(servers: Servers, redis_url: str) -> None:
    """What is no message of ours is passed over, and a position far ahead is not believed: no event is skipped."""
    async with running_api(servers, redis_url, Setup(pace=SELDOM)) as one:
        await hears(one)
        identity = (await deal(one))["deal"]["id"]
        channel = f"crm:{redis_url.rpartition('/')[2]}:appended"
        async with streaming(WebsocketStream, one, EVENTS) as events:
            await subscribed(one)
            for message in (b"\xff", b"[[1]]", b'[["log",0,-1]]', b'[["log",0,999999]]'):
                told = f'crm_wakes_total{{channel="{channel}"}}'
                before = await metric(one, told) or 0
                await _publish(redis_url, channel, message)
                await metric_is(one, told, partial(eq, before + 1))
            await change(one, identity, 1)
            assert (await item(events))["events"]["type"] == "deal.amount_changed"


async def _publish(redis_url: str, channel: str, message: bytes) -> None:
    async with Redis.from_url(redis_url) as client:
        await client.publish(channel, message)
