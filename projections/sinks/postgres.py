"""Writes the rows of Postgres views, in the transaction that moves the watermark."""

from collections.abc import Collection, Mapping, Sequence

from event_schemas.streams import Position
from event_schemas.topics import Lane
from projections.changes import Change
from projections.documents.document import Document
from projections.projecting import Projected, Ref
from projections.sinks.coalesce import coalesce
from projections.sinks.connection import Connection, translated
from projections.sinks.documents import Documents
from projections.sinks.tables import Table, tables_of
from projections.sinks.upsert import statements_for


class PostgresSink:
    """Over the same connection as the group's ``Progress``, inside its transaction."""

    def __init__(self, *, connection: Connection, tables: Mapping[str, Table], documents: Documents) -> None:
        self._connection = connection
        self._tables = tables
        self._documents = documents

    async def held(self, lanes: Collection[Lane]) -> None:
        """The rows are always those of the watermarks."""

    async def load(self, wanted: Collection[Ref]) -> dict[Ref, Document]:
        """The stored documents among those wanted."""
        return await self._documents.load(wanted)

    async def write(self, done: Projected[Change], *, until: Mapping[Lane, Position]) -> None:  # the watermarks say it
        """All of a batch; raises Refused and SinkUnavailable."""
        with translated():
            for wave in coalesce(done.changes):
                for table, rows in wave.items():
                    for sql, arguments in statements_for(self._tables[table], rows.values()):
                        await self._connection.execute(sql, *arguments)
            await self._documents.save(done.documents)

    async def forget(self, lanes: Collection[Lane]) -> None:
        """Drop the documents of these lanes."""
        await self._documents.forget(lanes)


async def postgres_sink(connection: Connection, tables: Sequence[str], documents: Documents) -> PostgresSink:
    """A sink that knows its tables."""
    with translated():
        return PostgresSink(connection=connection, tables=await tables_of(connection, tables), documents=documents)
