"""The followers in the process: they keep up, wait for what is down, heal what was lost, and stop when told to."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from time import monotonic

import asyncpg
import pytest
from redis.asyncio import Redis

from event_schemas.streams import Position
from projections import bootstrap
from projections.bootstrap import Projections
from projections.changes import VersionedChange
from projections.engines.store import Follower
from projections.runner import Runner
from replay_tools.embedded.folder import DataFolder
from replay_tools.embedded.valkey import start_valkey
from tests.support.events import store
from tests.support.histories import everything
from tests.support.network import free_port
from tests.support.secrets import MASTER
from tests.support.views import entries, lines_of, project_cards, project_rows, rows
from write_side.adapters.postgres_log import PostgresEventLog

EVENTS = everything(Random(5), 400)
HEAD = EVENTS[-1].position


async def until(holds: Callable[[], bool]) -> None:
    """Come back when it holds; a test fails when that takes too long."""
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110  # a status is only to be looked at
            await asyncio.sleep(0.01)


def caught_up(projections: Projections, head: int = HEAD) -> Callable[[], bool]:
    """Whether all view groups have reached the head, and wait for nothing."""
    return lambda: all(group.position == head and group.waits_for is None for group in projections.status)


@asynccontextmanager
async def started(
    url: str, redis_url: str, advanced: Callable[[Position], None] | None = None
) -> AsyncIterator[Projections]:
    """All views of one database and one Redis, following the log of the same database."""
    async with bootstrap.start(
        event_store_url=url, master_secret=MASTER, postgres_url=url, redis_url=redis_url, advanced=advanced
    ) as projections:
        yield projections


async def end_connections(url: str) -> int:
    """As a restart of the server, or a fail-over: whoever is connected is not any more."""
    connection = await asyncpg.connect(url)
    try:
        ended = await connection.fetch(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        return len(ended)
    finally:
        await connection.close()


async def test_they_catch_up_and_then_follow(crm_database: str, redis_url: str) -> None:
    """What is in the log when they start, and what comes later; the views are those of a single pass."""
    await store(crm_database, EVENTS[:250])
    reached: list[Position] = []
    async with started(crm_database, redis_url, reached.append) as projections:
        await until(caught_up(projections, 250))
        await store(crm_database, EVENTS[250:300])
        await until(caught_up(projections, 300))
        await store(crm_database, EVENTS[300:])
        await until(caught_up(projections))
        assert reached[-1] == HEAD
        assert reached == sorted(reached)
        assert [group.group for group in projections.status] == ["postgres", "cards"]
    live = await rows(crm_database), await entries(redis_url)
    await project_rows(crm_database, EVENTS)
    await project_cards(crm_database, redis_url, EVENTS)
    assert (await rows(crm_database), await entries(redis_url)) == live
    assert len(live[0]["entity_timeline"]) > 300


async def test_they_resume_after_their_connections_were_lost(crm_database: str, redis_url: str) -> None:
    """Those to the views and those to the log; nothing is parked, nothing is missing."""
    await store(crm_database, EVENTS[:100])
    async with started(crm_database, redis_url) as projections:
        for at in range(100, len(EVENTS), 100):
            await until(caught_up(projections, at))
            assert await end_connections(crm_database) >= 2
            await store(crm_database, EVENTS[at : at + 100])
        await until(caught_up(projections))
        assert [group.parked for group in projections.status] == [0, 0]


async def test_they_stop_within_a_second(crm_database: str, redis_url: str) -> None:
    """In the middle of a batch, or while they wait for events; whatever was not committed is not there."""
    await store(crm_database, EVENTS)
    async with started(crm_database, redis_url) as projections:
        await until(lambda: any(group.position for group in projections.status))
        told = monotonic()
    assert monotonic() - told < 1
    async with started(crm_database, redis_url) as projections:
        await until(caught_up(projections))
        told = monotonic()
    assert monotonic() - told < 1
    assert [task for task in asyncio.all_tasks() if task.get_name() in ("postgres", "cards")] == []


async def test_a_group_whose_store_is_down_waits_and_the_other_goes_on(crm_database: str) -> None:
    """The cards say what they wait for and park nothing, while the rows are written."""
    await store(crm_database, EVENTS)
    async with started(crm_database, f"redis://127.0.0.1:{free_port()}") as projections:
        postgres, cards = projections.status
        await until(lambda: postgres.position == HEAD and cards.waits_for is not None)
        assert cards.waits_for is not None
        assert cards.waits_for.startswith("Redis: ConnectionError")
        assert (cards.position, cards.parked) == (0, 0)
    assert (await rows(crm_database))["dead_letters"] == []


async def test_cards_come_back_after_their_store_died(crm_database: str, tmp_path: Path) -> None:
    """Another, empty Valkey behind the same URL: the group begins again and ends where it was."""
    await store(crm_database, EVENTS)
    urls: list[str] = []

    @asynccontextmanager
    async def runner() -> AsyncIterator[Runner[VersionedChange]]:
        async with bootstrap.cards_runner(crm_database, urls[-1]) as one:
            yield one

    with DataFolder(tmp_path) as folder:
        log = await PostgresEventLog.connect(crm_database, secret=MASTER)
        cards = Follower(group="cards", log=log, runner=runner)
        first = start_valkey(folder)
        urls.append(first.url)
        task = asyncio.create_task(cards.run())
        try:
            await until(lambda: cards.status.position == HEAD)
            before = await entries(first.url)
            first.stop()
            await until(lambda: cards.status.waits_for is not None)
            with start_valkey(folder) as second:
                urls.append(second.url)
                await until(lambda: cards.status.position == HEAD and cards.status.waits_for is None)
                assert await entries(second.url) == before
        finally:
            task.cancel()
            await asyncio.wait([task])
            await log.close()


async def test_cards_wait_for_room(crm_database: str, tmp_path: Path) -> None:
    """A store that is full in the middle parks nothing and loses nothing: with more room it ends as one that had it."""
    await store(crm_database, EVENTS[:200])
    with DataFolder(tmp_path) as folder, start_valkey(folder) as own:
        async with started(crm_database, own.url) as projections, Redis.from_url(own.url) as client:
            await until(caught_up(projections, 200))
            await client.config_set("maxmemory", "1mb")
            await store(crm_database, EVENTS[200:])
            postgres, cards = projections.status
            await until(lambda: postgres.position == HEAD and cards.waits_for is not None)
            assert cards.waits_for is not None
            assert "command not allowed when used memory > 'maxmemory'" in cards.waits_for
            assert cards.position == 200
            await client.config_set("maxmemory", "128mb")
            await until(caught_up(projections))
            assert cards.parked == 0
            had_to_wait = await entries(own.url)
            await client.flushdb()
            await until(lambda: cards.position == 0 or cards.waits_for is not None)
            await until(caught_up(projections))
            assert await entries(own.url) == had_to_wait


async def test_cards_that_were_lost_come_back_though_nothing_happens(crm_database: str, redis_url: str) -> None:
    """An emptied store is noticed while no event comes, and filled again."""
    await store(crm_database, EVENTS)
    async with started(crm_database, redis_url) as projections, Redis.from_url(redis_url) as client:
        await until(caught_up(projections))
        before = await entries(redis_url)
        await client.flushdb()
        cards = projections.status[1]
        await until(lambda: cards.position == 0 or cards.waits_for is not None)
        await until(caught_up(projections))
        assert await entries(redis_url) == before


async def test_a_defect_is_said_and_does_not_end_the_group(
    crm_database: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody expected is in the status until it is gone, and then the group goes on."""
    monkeypatch.setattr("projections.bootstrap.postgres_sink", _defect)
    await store(crm_database, EVENTS)
    async with started(crm_database, redis_url) as projections:
        postgres = projections.status[0]
        await until(lambda: postgres.waits_for == "ZeroDivisionError: a defect")
        monkeypatch.undo()
        await until(caught_up(projections))


async def _defect(*_: object) -> None:
    raise ZeroDivisionError("a defect")


async def test_two_followers_of_one_group_do_not_disturb_the_rows(crm_database: str, redis_url: str) -> None:
    """Whoever loses the race for a batch says so and takes up again; the views are those of one."""
    await store(crm_database, EVENTS)
    async with started(crm_database, redis_url) as one, started(crm_database, redis_url) as other:
        await until(lambda: caught_up(one)() and caught_up(other)())
    live = await rows(crm_database), await entries(redis_url)
    assert len(live[0]["entity_timeline"]) == lines_of(EVENTS)
    assert live[0]["dead_letters"] == []
