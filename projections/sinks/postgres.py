"""Writes the rows of Postgres views, in the transaction that moves the watermark."""

from collections.abc import Mapping, Sequence

from event_schemas.streams import Position
from projections.changes import Change
from projections.sinks.coalesce import coalesce
from projections.sinks.connection import Connection, translated
from projections.sinks.tables import Table, tables_of
from projections.sinks.upsert import statements_for


class PostgresSink:
    """Over the same connection as the group's ``Progress``, inside its transaction."""

    def __init__(self, *, connection: Connection, tables: Mapping[str, Table]) -> None:
        self._connection = connection
        self._tables = tables

    async def held(self) -> None:
        """The rows are always those of the watermark."""

    async def write(self, changes: Sequence[Change], *, until: Position) -> None:  # the watermark says it
        """All changes of a batch; raises Refused and SinkUnavailable."""
        with translated():
            for wave in coalesce(changes):
                for table, rows in wave.items():
                    for sql, arguments in statements_for(self._tables[table], rows.values()):
                        await self._connection.execute(sql, *arguments)


async def postgres_sink(connection: Connection, tables: Sequence[str]) -> PostgresSink:
    """A sink that knows its tables."""
    with translated():
        return PostgresSink(connection=connection, tables=await tables_of(connection, tables))
