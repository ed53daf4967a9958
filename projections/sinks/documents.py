"""The folded documents of a view group in a table of PostgreSQL, for sinks whose store does not keep them."""

from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Protocol

import asyncpg
import msgspec

from event_schemas.streams import StreamName, TenantId
from event_schemas.topics import LOG, Lane, whole_log
from projections.documents.document import Document
from projections.documents.registry import kind_of
from projections.projecting import Ref
from projections.sinks.connection import Connection
from projections.sinks.statements import statements

_CHUNK = 5_000
_encode = msgspec.json.Encoder().encode


class Documents(Protocol):
    """Keeps a view group's documents."""

    async def load(self, wanted: Collection[Ref]) -> dict[Ref, Document]:
        """The kept documents among those wanted."""
        ...

    async def save(self, documents: Mapping[Ref, Document]) -> None:
        """Keep the newest form of documents."""
        ...

    async def forget(self, lanes: Collection[Lane]) -> None:
        """Drop those of some lanes."""
        ...


class StoredDocuments:
    """What the next batch begins with; in the transaction of the connection's ``Progress``."""

    def __init__(
        self, *, group: str, connection: Connection, lane_of: Callable[[StreamName], Lane] = whole_log
    ) -> None:
        self._group = group
        self._connection = connection
        self._lane_of = lane_of
        self._sql = statements("documents.sql")

    async def load(self, wanted: Collection[Ref]) -> dict[Ref, Document]:
        """See Documents."""
        if not wanted:
            return {}
        _, streams, entities = zip(*wanted, strict=True)
        rows = await self._connection.fetch(self._sql["load"], self._group, streams, entities)
        return dict(_document(row) for row in rows)

    async def save(self, documents: Mapping[Ref, Document]) -> None:
        """See Documents."""
        if documents:
            rows = [(*ref, _encode(document), document.position) for ref, document in documents.items()]
            await self._connection.execute(self._sql["save"], self._group, *zip(*rows, strict=True))

    async def forget(self, lanes: Collection[Lane]) -> None:
        """See Documents."""
        if LOG in lanes:
            await self._connection.execute(self._sql["forget_all"], self._group)
            return
        streams = self._connection.cursor(self._sql["streams"], self._group, prefetch=_CHUNK)
        found = [row["stream"] async for row in streams if self._lane_of(row["stream"]) in lanes]
        for start in range(0, len(found), _CHUNK):
            await self._connection.execute(self._sql["forget"], self._group, found[start : start + _CHUNK])


def _document(row: asyncpg.Record) -> tuple[Ref, Document]:
    stream = StreamName(row["stream"])
    kind = kind_of(stream)
    if kind is None:
        raise LookupError(f"a document of {stream} is stored, but nothing shows this kind of stream")
    return (TenantId(row["tenant"]), stream, row["entity_id"]), _decoder(kind.document).decode(row["body"])


@cache
def _decoder(cls: type[Document]) -> msgspec.json.Decoder[Document]:
    return msgspec.json.Decoder(cls)
