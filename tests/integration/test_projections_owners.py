"""One owner per view group: the watermark is the fence, and whoever finds it moved writes nothing."""

from random import Random

import asyncpg
import pytest

from projections.bootstrap import cards_runner, postgres_runner
from projections.errors import SinkUnavailable, WatermarkMoved
from tests.support.histories import everything
from tests.support.views import entries, lines_of, project_rows, rows

EVENTS = everything(Random(3), 300)


async def test_a_zombie_with_an_old_watermark_rolls_back(crm_database: str) -> None:
    """It paused while its successor went on; its rows, documents and dead letters are not written."""
    async with postgres_runner(crm_database) as zombie, postgres_runner(crm_database) as successor:
        await zombie.resume()
        await zombie.project(EVENTS[:100])
        await successor.resume()
        await successor.project(EVENTS[100:200])
        before = await rows(crm_database)
        with pytest.raises(WatermarkMoved, match="from 100"):
            await zombie.project(EVENTS[100:250])
        assert await rows(crm_database) == before
        await successor.project(EVENTS[200:])


async def test_a_zombie_of_the_cards_leaves_redis_alone(crm_database: str, redis_url: str) -> None:
    """The fence comes first, so nothing is even sent."""
    async with cards_runner(crm_database, redis_url) as zombie, cards_runner(crm_database, redis_url) as successor:
        await zombie.resume()
        await successor.resume()
        await successor.project(EVENTS[:100])
        before = await entries(redis_url)
        with pytest.raises(WatermarkMoved):
            await zombie.project(EVENTS[:200])
        assert await entries(redis_url) == before


async def test_a_batch_whose_connection_dies_is_taken_again(crm_database: str) -> None:
    """The owner says that PostgreSQL is away; the next one resumes, and the rows are those of an undisturbed run."""
    async with postgres_runner(crm_database) as runner:
        await runner.resume()
        await runner.project(EVENTS[:100])
        admin = await asyncpg.connect(crm_database)
        await admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename is not null"
            " and datname = current_database() and pid <> pg_backend_pid()"
        )
        await admin.close()
        with pytest.raises(SinkUnavailable, match="PostgreSQL"):
            await runner.project(EVENTS[100:200])
    await project_rows(crm_database, EVENTS)
    found = await rows(crm_database)
    assert found["dead_letters"] == []
    assert len(found["entity_timeline"]) == lines_of(EVENTS)


async def test_what_is_loaded_is_what_was_cached(crm_database: str) -> None:
    """An owner with a cache of one document writes what an owner with a large one would."""
    async with postgres_runner(crm_database) as runner:
        runner._cache._size = 1
        await runner.resume()
        for at in range(0, len(EVENTS), 7):
            await runner.project(EVENTS[at : at + 7])
        assert runner.parked == 0
        assert len(runner._cache._documents) == 1
