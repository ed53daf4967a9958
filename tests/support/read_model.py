"""Rows of every view, as the views themselves make them of a past, put into a database at once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import asyncpg

from projections.catalog import POSTGRES
from projections.changes import Delete, Increment, Key, Patch, Put, Row
from tests.support.read_story import Past

KEYS = {"activity_counts": ("tenant", "owner_id", "kind", "day")}
"""Of tables that are made of increments."""

Tables = Mapping[str, Iterable[Row]]


async def load_past(url: str, past: Past) -> None:
    """Fill the views in place of what they held, and move the watermark to the past's head; in one transaction."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            for table, rows in rows_of(past).items():
                await connection.execute(f"delete from {table}")
                await _insert(connection, table, list(rows))
            await connection.execute(
                "insert into watermarks values ('postgres', 'log', 0, $1)"
                " on conflict (view_group, topic, partition) do update set position = excluded.position",
                past.head,
            )
        await connection.execute("analyze")
    finally:
        await connection.close()


async def _insert(connection: "asyncpg.Connection[asyncpg.Record]", table: str, rows: list[Row]) -> None:
    if rows:
        columns = list(rows[0])
        records = [tuple(row[column] for column in columns) for row in rows]
        await connection.copy_records_to_table(table, columns=columns, records=records)


def rows_of(past: Past) -> Tables:
    """The rows of each table after the whole past."""
    tables: dict[str, dict[Key, Row]] = defaultdict(dict)
    for version in past.versions:
        for view in POSTGRES.readers[type(version.document)]:
            for change in view.apply(version.recorded, version.before, version.document):
                _apply(change, tables)
    return {name: rows.values() for name, rows in tables.items()}


def _apply(change: object, tables: dict[str, dict[Key, Row]]) -> None:
    match change:
        case Put(table=table, key=key, row=row):
            tables[table][key] = dict(row)
        case Patch(table=table, key=key, fields=fields):
            tables[table][key].update(fields)
        case Increment(table=table, key=key, fields=fields):
            row = tables[table].setdefault(key, dict(zip(KEYS[table], key, strict=True)))
            row.update({name: _number(row.get(name)) + by for name, by in fields.items()})
        case Delete(table=table, key=key):
            tables[table].pop(key, None)
        case _:
            raise TypeError(f"{change!r} is not written by any view of this group yet")


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
