"""What an Elasticsearch of the tests holds, under a prefix that nobody else has, and a search of it."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from elasticsearch import AsyncElasticsearch

from event_schemas.envelope import StoredEvent
from event_schemas.streams import Position, TenantId
from event_schemas.topics import LOG
from projections.catalog import SEARCH
from projections.changes import VersionedChange
from projections.runner import Runner
from projections.sinks.connection import Connection
from projections.sinks.elasticsearch import ElasticsearchSink
from projections.sinks.elasticsearch_index import Index, alias_of
from projections.sinks.progress import Progress
from projections.views import search_documents
from read_api.elasticsearch_search import ElasticsearchSearch
from read_api.elasticsearch_snapshots import Snapshots
from read_api.search import Answer, Question
from tests.support.events import DEMO

Stored = dict[str, tuple[int, Any]]
"""By id: version and source."""


def new_prefix() -> str:
    """The beginning of names of indices that only one test has."""
    return f"t{uuid4().hex[:12]}"


async def stored(client: AsyncElasticsearch, prefix: str) -> Stored:
    """All entries and notes."""
    await client.indices.refresh(index=alias_of(prefix))
    found = await client.search(index=alias_of(prefix), size=10_000, version=True)
    return {each["_id"]: (each["_version"], each["_source"]) for each in found["hits"]["hits"]}


async def entries_of(client: AsyncElasticsearch, prefix: str) -> Stored:
    """All entries; notes have versions of how often they were written."""
    return {name: one for name, one in (await stored(client, prefix)).items() if not name.startswith("reached/")}


async def remove(client: AsyncElasticsearch, prefix: str) -> None:
    """Leave nothing behind."""
    for name in await client.indices.get(index=f"{prefix}-*"):
        await client.indices.delete(index=name)


class ElasticsearchSearched:
    """A search and what it searches, in an index of its own."""

    def __init__(self, runner: Runner[VersionedChange], client: AsyncElasticsearch, index: str, every: float) -> None:
        self._runner = runner
        self._client = client
        self.said: Position | None = None
        """The position of the whole, where a lane is behind the others; None: no lane is."""
        self.snapshots = Snapshots(client, index=index, position=self._position, every=every)

    async def learn(self, events: Sequence[StoredEvent]) -> None:
        """Take the view to the end of the events."""
        await self._runner.project(events)

    async def find(self, question: Question, tenant: TenantId = DEMO) -> Answer:
        """Ask."""
        search = ElasticsearchSearch(client=self._client, snapshots=self.snapshots, tenant=tenant)
        return await search.find(question)

    async def _position(self) -> Position:
        return self._runner.positions[LOG] if self.said is None else self.said


async def searched_by(
    client: AsyncElasticsearch, connection: Connection, prefix: str, *, every: float = 0
) -> ElasticsearchSearched:
    """Over what the group has reached; by default each question looks for what is new."""
    index = Index(client, prefix=prefix, version=search_documents.VERSION)
    sink = ElasticsearchSink(client=client, index=index)
    runner = Runner(group=SEARCH, progress=Progress(group=SEARCH.name, connection=connection), sink=sink)
    await runner.resume()
    return ElasticsearchSearched(runner, client, index.alias, every)
