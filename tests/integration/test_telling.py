"""Telling over Redis: the furthest positions arrive, and whoever tells is held up by nothing."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from redis.asyncio import Redis

from event_schemas.streams import Position
from event_schemas.topics import ENTITY_LANES, LOG, Lane
from event_schemas.wakes import appended_channel, decode_wake
from tests.support.waking import until
from write_side.adapters.ending import ended
from write_side.adapters.telling import appends_told, database_of, telling


@asynccontextmanager
async def silent_server() -> AsyncIterator[tuple[str, list[object]]]:
    """A server that takes every connection and answers nothing; its URL and its connections."""
    met: list[object] = []

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met.append(writer)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    async with server:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0", met


@asynccontextmanager
async def heard(redis_url: str) -> AsyncIterator[list[Mapping[Lane, Position]]]:
    """What is told of appends, as it comes."""
    async with Redis.from_url(redis_url) as client, client.pubsub() as subscription:
        await subscription.subscribe(appended_channel(database_of(client)))
        await subscription.get_message(timeout=5)
        messages: list[Mapping[Lane, Position]] = []

        async def listen() -> None:
            while message := await subscription.get_message(timeout=None):
                messages.append(decode_wake(message["data"]))

        listening = asyncio.create_task(listen())
        yield messages
        listening.cancel()
        await asyncio.wait([listening])


async def test_the_furthest_positions_arrive_in_few_messages(redis_url: str) -> None:
    """What is told while a message is under way goes together with the next."""
    async with heard(redis_url) as messages, telling(redis_url, appended_channel) as one:
        for position in range(1, 1_001):
            one.tell({LOG: Position(position), ENTITY_LANES[position % 3]: Position(position)})
        one.tell({LOG: Position(7)})
        await until(lambda: bool(messages) and messages[-1][LOG] == 1_000)
        assert len(messages) < 10
        assert messages[-1] == {LOG: 1_000, ENTITY_LANES[0]: 999, ENTITY_LANES[1]: 1_000, ENTITY_LANES[2]: 998}


async def test_the_last_word_is_said_before_the_end(redis_url: str) -> None:
    """An import ends right after its last append: that is told too."""
    async with heard(redis_url) as messages:
        async with appends_told(redis_url) as on_append:
            assert on_append is not None
            on_append(Position(5))
        await until(lambda: messages == [{LOG: 5}])


async def test_a_server_that_says_nothing_holds_nobody_up() -> None:
    """Thousands of positions while one message waits for its answer: nothing piles up, here or there."""
    async with silent_server() as (url, met), telling(url, appended_channel) as one:
        for position in range(1, 5_001):
            one.tell({LOG: Position(position)})
            if position % 1_000 == 0:
                await asyncio.sleep(0)
        await until(lambda: one.lost >= 1)
        one.tell({LOG: Position(5_001)})
        assert one._news == {LOG: 5_001} or not one._news
        assert len(met) <= 3


async def test_a_server_that_is_not_there_is_told_again_later(redis_url: str) -> None:
    """Each word that is lost is counted, and the next one is tried."""
    async with telling("redis://127.0.0.1:1/0", appended_channel) as one:
        for count in (1, 2, 3):
            one.tell({LOG: Position(count)})
            await until(lambda count=count: one.lost == count)  # type: ignore[misc]  # of this round


async def test_it_ends_whenever_it_is_told_to(redis_url: str) -> None:
    """Also when that comes just as a message has been taken."""
    async with asyncio.timeout(60):
        for turns in (*range(60), *range(60)):
            async with telling(redis_url, appended_channel) as one:
                one.tell({LOG: Position(1)})
                await asyncio.sleep(0.001)  # connected
                one.tell({LOG: Position(2)})
                for _ in range(turns):
                    await asyncio.sleep(0)


async def test_what_loses_a_cancellation_ends_all_the_same() -> None:
    """As asyncio.wait_for of Python 3.11 does, now and then."""

    async def forgetful() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)  # until it is cancelled
        await asyncio.sleep(3600)  # until it is cancelled again

    tasks = [asyncio.create_task(forgetful()) for _ in range(2)]
    await asyncio.sleep(0)
    async with asyncio.timeout(20):
        await ended(tasks)
    assert all(task.cancelled() for task in tasks)


async def test_without_redis_nobody_is_told() -> None:
    """A store that has no Redis calls nothing."""
    async with appends_told(None) as on_append:
        assert on_append is None
