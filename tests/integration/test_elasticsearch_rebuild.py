"""What Elasticsearch searches, live = rebuilt: after duplicates, crashes and losses it is what one pass leaves."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from random import Random

import pytest
from elasticsearch import AsyncElasticsearch

from event_schemas.batch import BatchFinished, BatchStarted
from event_schemas.envelope import StoredEvent
from event_schemas.streams import START, Position, TenantId
from event_schemas.topics import LOG, Lane
from projections.changes import VersionedChange
from projections.errors import SinkLost
from projections.projecting import Outcome, Projected
from projections.runner import Runner
from projections.search_bootstrap import search_runner
from projections.sinks.elasticsearch import ElasticsearchSink
from projections.sinks.elasticsearch_index import alias_of
from tests.support.databases import fresh_database, migrated_template
from tests.support.elastic import entries_of, new_prefix, remove
from tests.support.events import Log, some_id
from tests.support.histories import everything
from tests.support.views import batches, rows

Owner = AbstractAsyncContextManager[Runner[VersionedChange]]


@pytest.fixture
async def other_database(postgres_url: str) -> AsyncIterator[str]:
    """A second database with the platform's tables."""
    async with fresh_database(postgres_url, template=await migrated_template(postgres_url)) as url:
        yield url


async def project(owner: Owner, events: list[StoredEvent], size: int = 1_000) -> list[Outcome]:
    """The events in batches."""
    async with owner as runner:
        await runner.resume()
        found: list[Outcome] = []
        for at in range(0, len(events), size):
            found += await runner.project(events[at : at + size])
        return found


async def test_twice_late_and_after_crashes_is_once(
    crm_database: str, other_database: str, elasticsearch_url: str, elasticsearch: AsyncElasticsearch
) -> None:
    """Duplicates, and owners that die between the acknowledgement and the watermark, leave what one pass leaves."""
    random = Random(5)
    events = everything(random, 400) + everything(random, 400, tenant=TenantId("other"), after=400)
    hurried, calm = new_prefix(), new_prefix()
    crashes = await live(partial(search_runner, crm_database, elasticsearch_url, prefix=hurried), events, random)
    await project(search_runner(other_database, elasticsearch_url, prefix=calm), events)
    found = await entries_of(elasticsearch, hurried)
    assert found == await entries_of(elasticsearch, calm)
    assert await rows(crm_database) == await rows(other_database)
    assert len(found) > 40
    assert crashes > 5
    for prefix in (hurried, calm):
        await remove(elasticsearch, prefix)


async def test_the_whole_log_again_changes_nothing(
    crm_database: str, elasticsearch_url: str, elasticsearch: AsyncElasticsearch, prefix: str
) -> None:
    """Neither after the watermark, nor with a watermark that was lost: entries are ahead of it, and stay so."""
    events = everything(Random(6), 300)
    owner = partial(search_runner, crm_database, elasticsearch_url, prefix=prefix)
    await project(owner(), events)
    once = await entries_of(elasticsearch, prefix)
    assert set(await project(owner(), events)) == {Outcome.SKIPPED}
    for size in (1_000, 7):
        async with owner() as runner:
            await runner.resume()
            runner.positions = {LOG: START}
            await runner._progress._connection.execute("update watermarks set position = 0")
            for at in range(0, len(events), size):
                await runner.project(events[at : at + size])
        assert await entries_of(elasticsearch, prefix) == once


async def test_a_lost_index_is_found_out_and_made_again(
    crm_database: str, elasticsearch_url: str, elasticsearch: AsyncElasticsearch, prefix: str
) -> None:
    """At the next write, at the next look, and by the next owner, who begins again: the same entries as before."""
    events = everything(Random(4), 200)
    owner = partial(search_runner, crm_database, elasticsearch_url, prefix=prefix)
    await project(owner(), events[:150])
    async with owner() as runner:
        await runner.resume()
        await remove(elasticsearch, prefix)
        with pytest.raises(SinkLost):
            await runner.project(events[150:])
    assert not await elasticsearch.indices.exists(index=alias_of(prefix))
    async with owner() as runner:
        await runner.resume()
        assert runner.positions == {LOG: START}
        await runner.project(events)
        once = await entries_of(elasticsearch, prefix)
        await remove(elasticsearch, prefix)
        with pytest.raises(SinkLost):
            await runner.check()
    assert await project(owner(), events)
    assert await entries_of(elasticsearch, prefix) == once
    assert len(once) > 20


async def test_documents_come_back_as_they_were(
    crm_database: str, elasticsearch_url: str, elasticsearch: AsyncElasticsearch, prefix: str
) -> None:
    """For each event another owner, who knows nothing but what is stored."""
    events = everything(Random(9), 60)
    owner = partial(search_runner, crm_database, elasticsearch_url, prefix=prefix)
    for event in events:
        await project(owner(), [event])
    found = await entries_of(elasticsearch, prefix)
    await remove(elasticsearch, prefix)
    await project(owner(), events)
    assert await entries_of(elasticsearch, prefix) == found
    assert len(found) > 10


async def test_streams_that_show_nothing_are_passed(crm_database: str, elasticsearch_url: str, prefix: str) -> None:
    """An import's batch, whose later events have no document to begin with."""
    log = Log()
    log.append("batch", some_id("batch"), BatchStarted(name="leads.csv"))
    log.append("batch", some_id("batch"), BatchFinished(rows=1, rejected=0))
    owner = partial(search_runner, crm_database, elasticsearch_url, prefix=prefix)
    for event in log.events:
        assert await project(owner(), [event]) == [Outcome.SKIPPED]


class Crash(Exception):
    """The process dies here."""


class _Dying(ElasticsearchSink):
    """Dies after some writes, before the watermark's transaction commits."""

    random = Random(1)

    async def write(self, done: Projected[VersionedChange], *, until: Mapping[Lane, Position]) -> None:
        """Write, then die now and then."""
        await super().write(done, until=until)
        if self.random.random() < 0.2:
            raise Crash


async def live(owner: Callable[[], Owner], events: list[StoredEvent], random: Random) -> int:
    """Random batches by owners that crash, each followed by one that resumes. Answers how many crashed."""
    crashes = 0
    pending = list(batches(random, events))
    while pending:
        async with owner() as runner:
            await runner.resume()
            runner._sink.__class__ = _Dying
            try:
                while pending:
                    await runner.project(pending[0])
                    pending.pop(0)
            except Crash:
                crashes += 1
    return crashes
