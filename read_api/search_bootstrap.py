"""The wiring of the search in Elasticsearch: apart, since its client takes long to import and most APIs need none."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from elasticsearch import AsyncElasticsearch

from event_schemas.streams import Position, TenantId
from read_api.app import Check
from read_api.as_of import Reader
from read_api.consistency import Consistency
from read_api.elasticsearch_search import ElasticsearchSearch, index_of
from read_api.elasticsearch_snapshots import Snapshots
from read_api.search import Search

_SECONDS = 5.0


@asynccontextmanager
async def searching_in_elasticsearch(
    url: str, *, prefix: str, position: Callable[[], Awaitable[Position]], consistency: Consistency
) -> AsyncIterator[tuple[Callable[[Reader, TenantId], Search], Check]]:
    """What makes the search of a tenant, and what asks whether Elasticsearch is there.

    ``position`` tells how far the view group is that is searched.
    """
    async with AsyncElasticsearch(url, max_retries=0, retry_on_timeout=False, request_timeout=_SECONDS) as client:
        snapshots = Snapshots(client, index=index_of(prefix), position=position)

        def search(_: Reader, tenant: TenantId) -> Search:
            return ElasticsearchSearch(client=client, snapshots=snapshots, tenant=tenant, consistency=consistency)

        yield search, client.info
