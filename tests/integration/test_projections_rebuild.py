"""Live = rebuilt, row for row: duplicates, crashes and poison on the way leave what one pass over the log leaves."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from random import Random
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from event_schemas.envelope import StoredEvent
from event_schemas.streams import START, Position, TenantId
from event_schemas.topics import LOG, Lane
from projections.bootstrap import cards_runner, postgres_runner
from projections.catalog import POSTGRES
from projections.documents.document import Document
from projections.projecting import Projected, Ref
from projections.runner import Runner
from projections.sinks.progress import Move
from tests.support.databases import fresh_database, migrated_template
from tests.support.events import by_nul, some_id
from tests.support.histories import everything
from tests.support.views import batches, entries, project_cards, project_rows, rows


class Crash(Exception):
    """The process dies here."""


class CrashingSink:
    """A sink whose process dies after some writes, before the watermark's transaction commits."""

    def __init__(self, sink: Any, random: Random) -> None:
        self._sink = sink
        self._random = random

    async def held(self, lanes: Collection[Lane]) -> Mapping[Lane, Position] | None:
        """As the sink."""
        held: Mapping[Lane, Position] | None = await self._sink.held(lanes)
        return held

    async def load(self, wanted: Collection[Ref]) -> dict[Ref, Document]:
        """As the sink."""
        found: dict[Ref, Document] = await self._sink.load(wanted)
        return found

    async def forget(self, lanes: Collection[Lane]) -> None:
        """As the sink."""
        await self._sink.forget(lanes)

    async def write(self, done: Projected[Any], *, until: Mapping[Lane, Position]) -> None:
        """Write, then die now and then."""
        await self._sink.write(done, until=until)
        if self._random.random() < 0.3:
            raise Crash


def log_of_two_tenants(random: Random) -> list[StoredEvent]:
    """Everything happens to both; a person was erased, some events cannot be read or do not fit, one no store takes."""
    events = everything(random, 400)
    events += [_erased(one) for one in everything(random, 400, tenant=TenantId("other"), after=len(events))]
    for at in random.sample(range(100, len(events)), k=4):
        events[at] = msgspec.structs.replace(events[at], data=b"\xff not json")
    events[300] = by_nul(events[300])
    return events


def _erased(stored: StoredEvent) -> StoredEvent:
    """Without the key of one person, whose lead, contact or activities it is about."""
    erased = stored.subject_id in (some_id("lead 1"), some_id("contact 1"))
    return msgspec.structs.replace(stored, key=None) if erased else stored


async def live(
    owner: Callable[[], AbstractAsyncContextManager[Runner[Any]]], events: Sequence[StoredEvent], random: Random
) -> int:
    """Random batches by owners that crash, each followed by one that resumes. Answers how many crashed."""
    crashes = 0
    pending = list(batches(random, events))
    while pending:
        async with owner() as runner:
            await runner.resume()
            runner._sink = CrashingSink(runner._sink, random)
            try:
                while pending:
                    await runner.project(pending[0])
                    pending.pop(0)
            except Crash:
                crashes += 1
    return crashes


@pytest.fixture
async def other_database(postgres_url: str) -> AsyncIterator[str]:
    """A second database with the platform's tables, for the rebuild."""
    async with fresh_database(postgres_url, template=await migrated_template(postgres_url)) as url:
        yield url


@pytest.mark.parametrize("seed", range(3))
async def test_live_rows_are_the_rebuilt_rows(crm_database: str, other_database: str, seed: int) -> None:
    """All tables, watermark, documents and dead letters too, after duplicates and crashes before commits."""
    random = Random(seed)
    events = log_of_two_tenants(random)
    crashes = await live(partial(postgres_runner, crm_database), events, random)
    await project_rows(other_database, events)

    found = await rows(crm_database)
    assert found == await rows(other_database)
    assert crashes > 5
    assert all(found[table] for table in (*POSTGRES.tables, "documents", "dead_letters", "watermarks"))


@pytest.mark.parametrize("seed", range(3))
async def test_live_cards_are_the_rebuilt_cards(
    crm_database: str, other_database: str, redis_url: str, seed: int
) -> None:
    """All keys, and the rows beside them, after crashes between Redis' acknowledgement and the watermark."""
    random = Random(seed)
    events = log_of_two_tenants(random)
    crashes = await live(partial(cards_runner, crm_database, redis_url), events, random)
    live_entries = await entries(redis_url)
    async with Redis.from_url(redis_url) as client:
        await client.flushdb()
    await project_cards(other_database, redis_url, events)

    assert live_entries == await entries(redis_url)
    assert await rows(crm_database) == await rows(other_database)
    assert crashes > 5
    assert len(live_entries) > 20


async def test_twice_is_once(crm_database: str, redis_url: str) -> None:
    """The whole log again changes nothing, by the same owner or by the next."""
    events = log_of_two_tenants(Random(7))
    await project_rows(crm_database, events)
    await project_cards(crm_database, redis_url, events)
    once = await rows(crm_database), await entries(redis_url)
    async with postgres_runner(crm_database) as runner:
        await runner.resume()
        assert {outcome.value for outcome in await runner.project(events)} == {"skipped"}
    await project_cards(crm_database, redis_url, events)
    assert (await rows(crm_database), await entries(redis_url)) == once


async def test_cards_survive_a_replay_from_the_start(crm_database: str, redis_url: str) -> None:
    """Without watermark and documents the whole log is put again, and no card goes back to an older version."""
    events = log_of_two_tenants(Random(8))
    await project_cards(crm_database, redis_url, events)
    once = await entries(redis_url)
    async with cards_runner(crm_database, redis_url) as runner:
        await runner.resume()
        async with runner._progress.moving({LOG: Move(runner.positions[LOG], START)}):
            await runner._sink.forget({LOG})
    for at in range(0, len(events), 50):
        await project_cards(crm_database, redis_url, events[at : at + 50])
        assert await entries(redis_url) == once
