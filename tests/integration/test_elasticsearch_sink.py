"""The sink of what Elasticsearch searches: versions only go up, nothing is lost unseen, a refused entry parks alone."""

import asyncio
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

import pytest
from elasticsearch import AsyncElasticsearch

from event_schemas.account import AccountDetailsChanged
from event_schemas.envelope import Recorded, StoredEvent
from event_schemas.registry import Event
from event_schemas.streams import START, Position
from event_schemas.topics import LOG, Lane
from projections.catalog import ViewGroup
from projections.changes import Row, VersionedChange, VersionedDelete, VersionedPut
from projections.documents.document import Document
from projections.errors import Refused, SinkLost, SinkUnavailable
from projections.projecting import Outcome, Projected
from projections.runner import Runner
from projections.search_bootstrap import elasticsearch_client, search_runner
from projections.sinks.elasticsearch import ElasticsearchSink
from projections.sinks.elasticsearch_index import Index, alias_of
from projections.views import search_documents
from tests.support.elastic import entries_of, new_prefix, remove, stored
from tests.support.events import DEMO, Log, some_id
from tests.support.network import free_port
from tests.support.searching import account, leads
from tests.support.views import rows

THING = some_id("thing")
KEY = (DEMO, "lead", THING)
ID = f"demo/lead/{THING}"
APPLIED, PARKED = Outcome.APPLIED, Outcome.PARKED

Owner = AbstractAsyncContextManager[Runner[VersionedChange]]


@pytest.fixture
async def sink(elasticsearch: AsyncElasticsearch, prefix: str) -> ElasticsearchSink:
    """A sink that has begun."""
    sink = sink_of(elasticsearch, prefix)
    assert await sink.held([LOG]) == {LOG: START}
    return sink


def sink_of(elasticsearch: AsyncElasticsearch, prefix: str, *, version: int = 1) -> ElasticsearchSink:
    """A sink over the index of a version."""
    return ElasticsearchSink(client=elasticsearch, index=Index(elasticsearch, prefix=prefix, version=version))


def put(version: int, name: str, **fields: Any) -> VersionedPut:
    """A version of the one entry."""
    body: Row = {"tenant": DEMO, "kind": "lead", "id": THING, "born": 1, "name": name, "document": "{}"}
    return VersionedPut("search", KEY, version, body | fields)


async def written(sink: ElasticsearchSink, *changes: VersionedChange, until: int = 1) -> None:
    """The changes, in one batch."""
    done: Projected[VersionedChange] = Projected([], list(changes), {}, [])
    await sink.write(done, until={LOG: Position(until)})


async def project(owner: Owner, events: list[StoredEvent], size: int = 1_000) -> list[Outcome]:
    """The events in batches."""
    async with owner as runner:
        await runner.resume()
        found: list[Outcome] = []
        for at in range(0, len(events), size):
            found += await runner.project(events[at : at + size])
        return found


async def test_a_newer_version_replaces_and_an_older_one_does_not(
    sink: ElasticsearchSink, elasticsearch: AsyncElasticsearch, prefix: str
) -> None:
    """Stale ones are counted and no error; the same again is taken again."""
    await written(sink, put(9, "nine"))
    await written(sink, put(10, "ten"))
    await written(sink, put(9, "nine"), until=2)
    await written(sink, put(10, "ten"), until=3)
    version, source = (await stored(elasticsearch, prefix))[ID]
    assert (version, source["name"], sink.stale) == (10, "ten", 1)


async def test_a_delete_leaves_an_entry_that_says_so(
    sink: ElasticsearchSink, elasticsearch: AsyncElasticsearch, prefix: str
) -> None:
    """No older put brings it back; a newer one does. Nothing of what it said is left."""
    await written(sink, put(3, "three"), VersionedDelete("search", KEY, 4))
    await written(sink, put(3, "three"))
    gone = (await stored(elasticsearch, prefix))[ID]
    assert gone == (4, {"tenant": DEMO, "kind": "lead", "id": str(THING), "born": 1, "deleted": True})
    assert await sink.load([(DEMO, f"lead-demo~{THING}", THING)]) == {}  # type: ignore[list-item]  # a stream's name
    await written(sink, put(5, "five"))
    assert (await stored(elasticsearch, prefix))[ID][1]["name"] == "five"


@pytest.mark.parametrize("size", [1, 2, 100])
async def test_a_refused_entry_parks_its_event_alone(
    crm_database: str, elasticsearch_url: str, elasticsearch: AsyncElasticsearch, prefix: str, size: int
) -> None:
    """What the mapping does not know stops that stream at that event, however large the batch; others go on."""
    log = Log()
    leads(log, "Ada", "Bo")
    log.append(
        "account", THING, account("Acme"), AccountDetailsChanged(name="Poison"), AccountDetailsChanged(sector="Z")
    )
    leads(log, "Cy")
    async with search_runner(crm_database, elasticsearch_url, prefix=prefix) as runner:
        runner._group = ViewGroup("search", _Poisoned())
        await runner.resume()
        found: list[Outcome] = []
        for at in range(0, len(log.events), size):
            found += await runner.project(log.events[at : at + size])
    assert found == [APPLIED, APPLIED, APPLIED, PARKED, PARKED, APPLIED]
    names = {source["name"] for _, source in (await entries_of(elasticsearch, prefix)).values()}
    assert names == {"Ada", "Bo", "Acme", "Cy"}
    letters = (await rows(crm_database))["dead_letters"]
    assert "strict_dynamic_mapping_exception" in letters[0] + letters[1]


async def test_what_is_no_unicode_is_refused(sink: ElasticsearchSink) -> None:
    """Before it is sent."""
    with pytest.raises(Refused, match=str(THING)):
        await written(sink, put(1, "\ud800"))


async def test_too_much_at_once_is_split(
    sink: ElasticsearchSink, elasticsearch: AsyncElasticsearch, prefix: str
) -> None:
    """A batch of many megabytes is several requests, and all of it is there."""
    many = [
        VersionedPut("search", (DEMO, "lead", some_id(n)), 1, put(1, "x" * 300_000).body | {"id": some_id(n)})
        for n in range(20)
    ]
    await written(sink, *many)
    assert len(await entries_of(elasticsearch, prefix)) == 20


async def test_an_index_that_was_removed_is_not_made_by_a_write(
    sink: ElasticsearchSink, elasticsearch: AsyncElasticsearch, prefix: str
) -> None:
    """It would know nothing of our mapping, and nobody would find it by the alias."""
    await written(sink, put(1, "one"))
    await remove(elasticsearch, prefix)
    with pytest.raises(SinkLost):
        await written(sink, put(2, "two"), until=2)
    assert not await elasticsearch.indices.exists(index=f"{prefix}-*", allow_no_indices=False)


async def test_a_server_that_is_away_is_unavailable() -> None:
    """Nobody answers at the port."""
    async with elasticsearch_client(f"http://127.0.0.1:{free_port()}") as elasticsearch:
        sink = sink_of(elasticsearch, new_prefix())
        with pytest.raises(SinkUnavailable, match="Elasticsearch"):
            await sink.held([LOG])
        with pytest.raises(SinkUnavailable, match="Elasticsearch"):
            await written(sink, put(1, "one"))


async def test_a_server_that_takes_no_writes_parks_nothing(
    crm_database: str, elasticsearch_url: str, elasticsearch: AsyncElasticsearch, prefix: str
) -> None:
    """As with a full disk; when it takes them again, the same batch goes on."""
    log = Log()
    leads(log, "Ada", "Bo")
    owner = partial(search_runner, crm_database, elasticsearch_url, prefix=prefix)
    async with owner() as runner:
        await runner.resume()
        await elasticsearch.indices.put_settings(index=alias_of(prefix), settings={"index.blocks.write": True})
        with pytest.raises(SinkUnavailable, match="block"):
            await runner.project(log.events)
    await elasticsearch.indices.put_settings(index=alias_of(prefix), settings={"index.blocks.write": None})
    assert await project(owner(), log.events) == [APPLIED, APPLIED]
    assert (await rows(crm_database))["dead_letters"] == []


async def test_notes_that_others_have_written_meanwhile_stop_an_owner(
    sink: ElasticsearchSink, elasticsearch: AsyncElasticsearch, prefix: str
) -> None:
    """Or an index that was emptied and filled again between two batches would pass for the old one."""
    await written(sink, put(1, "one"), until=7)
    other = sink_of(elasticsearch, prefix)
    assert await other.held([LOG]) == {LOG: 7}
    await written(other, put(2, "two"), until=8)
    with pytest.raises(SinkLost, match="log/0"):
        await written(sink, put(3, "three"), until=9)


async def test_a_store_that_is_ahead_stays_ahead(
    sink: ElasticsearchSink, elasticsearch: AsyncElasticsearch, prefix: str
) -> None:
    """After a crash between its acknowledgement and the watermark, the batch comes again in other sizes."""
    await written(sink, put(1, "one"), until=7)
    successor = sink_of(elasticsearch, prefix)
    assert await successor.held([LOG]) == {LOG: 7}
    await written(successor, put(1, "one"), until=5)
    assert await sink.held([LOG]) == {LOG: 7}


async def test_lanes_are_noted_one_by_one(
    sink: ElasticsearchSink, elasticsearch: AsyncElasticsearch, prefix: str
) -> None:
    """What was noted of the whole log goes for each lane that has no note yet; a lane may begin again alone."""
    deals, people = Lane("deals.pipeline", 3), Lane("leads.lifecycle", 0)
    await written(sink, put(1, "one"), until=7)
    assert await sink.held([deals, people]) == {deals: 7, people: 7}
    await sink.write(Projected([], [], {}, []), until={deals: Position(9)})
    successor = sink_of(elasticsearch, prefix)
    assert await successor.held([deals, people]) == {deals: 9, people: 7}
    await successor.forget([deals])
    assert await sink_of(elasticsearch, prefix).held([deals, people]) == {deals: START, people: 7}


async def test_owners_that_come_at_once_make_one_index(elasticsearch: AsyncElasticsearch, prefix: str) -> None:
    """Whoever is second finds it."""
    sinks = [sink_of(elasticsearch, prefix) for _ in range(6)]
    assert await asyncio.gather(*(sink.held([LOG]) for sink in sinks)) == [{LOG: START}] * 6
    assert len(await elasticsearch.indices.get(index=f"{prefix}-*")) == 1


async def test_an_index_of_another_version_is_replaced(
    sink: ElasticsearchSink, elasticsearch: AsyncElasticsearch, prefix: str
) -> None:
    """The new one is empty and begins again; who still writes for the old one learns that it is gone."""
    await written(sink, put(1, "one"), until=7)
    newer = sink_of(elasticsearch, prefix, version=2)
    assert await newer.held([LOG]) == {LOG: START}
    (name,) = await elasticsearch.indices.get_alias(name=alias_of(prefix))
    assert name.startswith(f"{prefix}-search-v2-")
    assert len(await elasticsearch.indices.get(index=f"{prefix}-*")) == 1
    with pytest.raises(SinkLost):
        await written(sink, put(2, "two"), until=8)


class _Poisoned:
    """The view, but for entries that are named Poison."""

    NAME, VERSION, TABLES, READS = "poisoned", 1, search_documents.TABLES, search_documents.READS

    def apply(self, recorded: Recorded[Event], before: Document | None, after: Document) -> tuple[VersionedChange, ...]:
        """With a field that no mapping knows."""
        changes = search_documents.apply(recorded, before, after)
        for change in changes:
            if isinstance(change, VersionedPut) and change.body["name"] == "Poison":
                change.body["unheard_of"] = 1
        return changes
