"""The crowd of ``search_crowd`` in an Elasticsearch index: the same entities as in the table."""

from random import Random

from elasticsearch import AsyncElasticsearch

from event_schemas.streams import TenantId
from projections.changes import VersionedPut
from projections.searchable import Entry
from projections.sinks.elasticsearch_calls import Operations, entry_id, items_of, requests, stale, versioned
from projections.sinks.elasticsearch_index import Index
from projections.views.search_documents import found_by
from tests.support.search_crowd import SIZE, TENANT, crowd, row_of


def entry_of(tenant: TenantId, kind: str, number: int, entry: Entry) -> Operations:
    """What the sink writes for an entity whose only event has this position."""
    row = row_of(tenant, kind, number, entry)
    body = row | found_by(tenant, entry) | {"amount": None, "currency": None, "deleted": False, "document": "{}"}
    change = VersionedPut("search", (tenant, kind, row["id"]), 1, body)
    return versioned(entry_id(change.key), change, body)


async def fill_index(client: AsyncElasticsearch, index: Index, *, size: int = SIZE, seed: int = 1) -> None:
    """Put a crowd into an index that is there."""
    patient = client.options(request_timeout=300)
    entries = enumerate(crowd(Random(seed), size), 1)
    items = [entry_of(TenantId(TENANT), kind, number, entry) for number, (kind, entry) in entries]
    for lines in requests(items):
        answer = await patient.bulk(index=index.alias, operations=lines, require_alias=True)  # type: ignore[arg-type]  # bytes are sent as they are
        assert stale(items_of(answer.body)) == 0
    await client.indices.refresh(index=index.alias)
