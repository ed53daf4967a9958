"""Subscriptions in numbers: a thousand come and go and leave nothing behind; a slow client holds up itself alone."""

import asyncio
import os
import string
from collections.abc import AsyncIterator, Callable, Sequence
from random import Random
from typing import Any, NamedTuple

import asyncpg
import pytest

from event_schemas.deal import DealLost, DealReopened, LossReason
from event_schemas.envelope import StoredEvent
from read_api.event_stream import CHUNK
from read_api.graphql.bells import Bells
from tests.support.api import Client, running_api
from tests.support.api_commands import STAGES, deal
from tests.support.events import Log, some_id, store
from tests.support.histories import ENGAGING, LOST, deal_opened
from tests.support.servers import Servers
from tests.support.streams import KINDS, EventStream, Stream, WebsocketStream
from write_side.adapters.postgres_log import PostgresReading

EVENTS = "subscription($from: String) { events(from: $from) { position type data } }"
ENTITY = 'subscription($id: ID!) { entityChanged(id: $id, from: "0") { position entry { type } } }'
DEFINE = "mutation($input: DefinePipelineInput!) { definePipeline(input: $input) { token } }"
WAVE = 100
WAVES = 10


@pytest.fixture
async def api(servers: Servers, redis_url: str) -> AsyncIterator[Client]:
    """An API of this test alone."""
    async with running_api(servers, redis_url) as client:
        yield client


def bells(api: Client) -> Bells:
    """What wakes the subscriptions of this API."""
    found: Any = api.api.stop_streams
    ours: Bells = found.__self__
    return ours


class Held(NamedTuple):
    """What the process holds."""

    tasks: int
    listeners: int
    connections: int
    """To the database, of the API and its log."""
    files: int


async def held(api: Client) -> Held:
    """Counted now."""
    connection = await asyncpg.connect(api.database_url)
    try:
        busy = await connection.fetchval(
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        )
    finally:
        await connection.close()
    return Held(len(asyncio.all_tasks()), bells(api).listening, busy, len(os.listdir("/proc/self/fd")))  # noqa: PTH208 -- a count of names, no paths


async def until(holds: Callable[[], bool]) -> None:
    """Come back when it holds; a test fails when that takes too long."""
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110  # a number is only to be looked at
            await asyncio.sleep(0.02)


async def wave(api: Client, identity: str, random: Random) -> None:
    """Some of both subscriptions over both transports, each told something; then dropped in the ways there are."""
    streams: list[Stream] = await asyncio.gather(
        *(
            KINDS[number % 2].open(api, *((EVENTS, {"from": "0"}) if number % 3 else (ENTITY, {"id": identity})))
            for number in range(WAVE)
        )
    )
    told = await asyncio.gather(*(stream.item() for stream in streams if random.random() < 0.9))
    assert all("errors" not in answer for answer in told)
    random.shuffle(streams)
    for stream in streams[::2]:
        stream.abort()
    await asyncio.gather(*(stream.leave() for stream in streams[1::2]))


async def left_after(api: Client, waves: int, random: Random, before: Held) -> Held:
    """What is held when so many waves have come and gone: no more than before, or what is still there in the end."""
    identity = (await deal(api))["deal"]["id"]
    for _ in range(waves):
        await asyncio.gather(wave(api, identity, random), deal(api))
    await until(lambda: not bells(api).listening and len(asyncio.all_tasks()) <= before.tasks)
    left = await held(api)
    for _ in range(100):
        await asyncio.sleep(0.1)  # connections that say good-bye
        left = await held(api)
        if not more(left, before):
            break
    return left


def more(now: Held, then: Held) -> bool:
    """Of anything."""
    return any(one > other for one, other in zip(now, then, strict=True))


async def test_a_thousand_subscriptions_leave_nothing_behind(api: Client) -> None:
    """Tasks, listeners, database connections and open files are what they were, while events are appended all along.

    The pools of connections grow to a size, which a busy machine may let them reach late; a leak goes on and on.
    """
    random = Random(1)
    left = [await left_after(api, 1, random, Held(10_000, 10_000, 10_000, 10_000))]
    while len(left) == 1 or more(left[-1], left[-2]):
        assert len(left) <= 3, left
        left.append(await left_after(api, WAVES, random, left[-1]))
    assert (await api.ask("{ __typename }")).status == 200


def long_events(count: int) -> list[StoredEvent]:
    """Events of some kilobytes, that no transport can compress by much."""
    log = Log()
    random = Random(1)
    log.append("deal", some_id("deal"), deal_opened())
    while len(log.events) < count:
        log.append("deal", some_id("deal"), DealLost(stage_id=LOST, reason=LossReason.PRICE, detail=_noise(random)))
        log.append("deal", some_id("deal"), DealReopened(stage_id=ENGAGING))
    return log.events


def _noise(random: Random) -> str:
    return "".join(random.choices(string.ascii_letters + string.digits + string.punctuation, k=2_000))


class Counted:
    """How many events the log has given out."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.events = 0
        self.most = 0
        read_all = PostgresReading.read_all

        async def counting(log: PostgresReading, **how: Any) -> Sequence[StoredEvent]:
            found = await read_all(log, **how)
            if how["limit"] == CHUNK:
                self.events += len(found)
                self.most = max(self.most, len(found))
            return found

        monkeypatch.setattr(PostgresReading, "read_all", counting)

    async def settled(self) -> int:
        """The number once it has not grown for a while."""
        before = -1
        while before != self.events:
            before = self.events
            await asyncio.sleep(1)  # that nothing more is read shows in time alone
        return before


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
async def test_a_slow_client_is_not_read_ahead_for(
    api: Client, monkeypatch: pytest.MonkeyPatch, kind: type[WebsocketStream] | type[EventStream]
) -> None:
    """For who does not read the server stops reading the log, a chunk ahead, while others are told at once."""
    events = long_events(8_000)
    await store(api.database_url, events)
    counted = Counted(monkeypatch)
    slow = await kind.open(api, EVENTS, {"from": "0"})
    first = await slow.item()
    stopped = await counted.settled()
    assert CHUNK <= stopped < 7_000  # as many as the sockets between the two hold, and a chunk
    assert counted.most <= CHUNK
    quick = await kind.open(api, EVENTS, {"from": str(len(events))})
    # the views may have much to do yet: nothing of them is asked
    await api.ask(DEFINE, {"input": {"name": "Quick", "currency": "USD", "stages": STAGES}})
    assert (await quick.item())["data"]["events"]["type"] == "pipeline.defined"
    found = [first, *[await slow.item() for _ in range(1_999)]]
    assert [int(answer["data"]["events"]["position"]) for answer in found] == list(range(1, 2_001))
    slow.abort()
    await quick.leave()
    await until(lambda: not bells(api).listening)
