"""The wiring of what Elasticsearch searches."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from elasticsearch import AsyncElasticsearch

from event_schemas.streams import StreamName
from event_schemas.topics import Lane, whole_log
from projections.catalog import SEARCH
from projections.changes import VersionedChange
from projections.runner import Runner
from projections.sinks.connection import connected
from projections.sinks.elasticsearch import ElasticsearchSink
from projections.sinks.elasticsearch_index import PREFIX, Index
from projections.sinks.progress import Progress

_ELASTICSEARCH_SECONDS = 30.0


def elasticsearch_client(url: str) -> AsyncElasticsearch:
    """A client that asks once: it is the follower who waits and tries again."""
    return AsyncElasticsearch(url, max_retries=0, retry_on_timeout=False, request_timeout=_ELASTICSEARCH_SECONDS)


@asynccontextmanager
async def search_runner(
    postgres_url: str,
    elasticsearch_url: str,
    *,
    lane_of: Callable[[StreamName], Lane] = whole_log,
    prefix: str = PREFIX,
    refresh: bool = False,
) -> AsyncIterator[Runner[VersionedChange]]:
    """An owner of the group of what Elasticsearch searches.

    ``prefix`` begins the names of its indices; ``refresh`` as in ElasticsearchSink.
    """
    version = sum(view.VERSION for view in SEARCH.views)
    async with elasticsearch_client(elasticsearch_url) as client, connected(postgres_url) as connection:
        index = Index(client, prefix=prefix, version=version)
        sink = ElasticsearchSink(client=client, index=index, refresh=refresh)
        progress = Progress(group=SEARCH.name, connection=connection)
        yield Runner(group=SEARCH, progress=progress, sink=sink, lane_of=lane_of)
