"""Writing what Elasticsearch searches, beside a bare ``_bulk`` of the same documents, encoded beforehand."""

import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import islice
from random import Random
from typing import Any, Final

import uvloop
from elasticsearch import AsyncElasticsearch

from benchmarks.compare import Goal, compare
from benchmarks.scratch import scratch
from event_schemas.streams import Position
from event_schemas.topics import LOG
from projections.bootstrap import room_for_batches
from projections.changes import VersionedChange
from projections.engines.store import BATCH
from projections.projecting import Projected
from projections.search_bootstrap import elasticsearch_client
from projections.sinks.elasticsearch import ElasticsearchSink
from projections.sinks.elasticsearch_calls import Operations, entry_id, versioned
from projections.sinks.elasticsearch_index import Index
from projections.views import search_documents
from replay_tools.embedded.elasticsearch import start_elasticsearch
from tests.support.events import Log, some_id
from tests.support.projecting import changes_of
from tests.support.search_crowd import crowd
from tests.support.searching import lead

NAME = "elasticsearch"
LEADS: Final = 8_000
_FIELDS: Final = {"jobTitle": "job_title", "email": "email", "phone": "phone", "company": "company", "source": "source"}

Batches = Sequence[Sequence[VersionedChange]]
Run = Callable[[AsyncElasticsearch, Index], Awaitable[None]]


def leads_of_a_crowd() -> Batches:
    """What the view writes for leads as they are in life, one event each, in the batches of a follower."""
    log = Log()
    people = (entry for kind, entry in crowd(Random(1), 10 * LEADS) if kind == "lead")
    for number, entry in enumerate(islice(people, LEADS)):
        given: dict[str, Any] = {_FIELDS[each.field]: each.text for each in entry.texts if each.field in _FIELDS}
        log.append("lead", some_id(number), lead(entry.name, owner_id=entry.owner_id, **given))
    changes = [change for found in changes_of(search_documents, log.events) for change in found]
    return [changes[at : at + BATCH] for at in range(0, len(changes), BATCH)]


def encoded(batch: Sequence[Any]) -> Operations:
    """The lines of a batch as the sink sends them."""
    items = (versioned(entry_id(each.key), each, each.body | {"deleted": False}) for each in batch)
    return [line for item in items for line in item]


async def by_sink(batches: Batches, client: AsyncElasticsearch, index: Index) -> None:
    """Everything between what the view says and the store's word for it: encoding, versions, notes of the progress."""
    sink = ElasticsearchSink(client=client, index=index)
    await sink.held([LOG])
    for number, batch in enumerate(batches, 1):
        done: Projected[VersionedChange] = Projected([], list(batch), {}, [])
        await sink.write(done, until={LOG: Position(number * BATCH)})


async def by_hand(batches: Sequence[Operations], client: AsyncElasticsearch, index: Index) -> None:
    """The baseline: nothing is checked but that there were no errors."""
    for lines in batches:
        answer = await client.bulk(index=index.alias, operations=lines, filter_path="errors")  # type: ignore[arg-type]  # bytes are sent as they are
        assert not answer["errors"]


async def rate(client: AsyncElasticsearch, run: Run) -> float:
    """Documents a second into an index that begins empty."""
    index = Index(client, prefix="bench", version=1)
    await index.ensure()
    begun = time.perf_counter()
    await run(client, index)
    taken = time.perf_counter() - begun
    await client.indices.delete(index=index.name)
    return LEADS / taken


async def measure(url: str) -> None:
    """The same documents, both ways."""
    batches = leads_of_a_crowd()
    lines = [encoded(batch) for batch in batches]
    size = sum(len(line) for batch in lines for line in batch) / LEADS
    async with elasticsearch_client(url) as client:
        await compare(
            f"elasticsearch sink, {LEADS} documents of {size:,.0f} B in batches of {BATCH}, to a bare _bulk of them",
            candidate=partial(rate, client, partial(by_sink, batches)),
            baseline=partial(rate, client, partial(by_hand, lines)),
            goal=Goal(at_least=0.7),
            unit=" documents/s",
        )


def main() -> None:
    """Measure and print, on a server of its own."""
    with scratch() as data, start_elasticsearch(data, megabytes=512) as server, room_for_batches():
        uvloop.run(measure(server.url))
