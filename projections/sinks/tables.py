"""What the database's catalogue says of the tables of the views."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from projections.sinks.connection import Connection
from projections.sinks.statements import statements


class Column(msgspec.Struct, frozen=True):
    """One column and its type, as SQL says it."""

    name: str
    type: str


class Table(msgspec.Struct, frozen=True):
    """A table as its catalogue describes it."""

    name: str
    key: tuple[Column, ...]
    columns: tuple[Column, ...]


async def tables_of(connection: Connection, names: Sequence[str]) -> Mapping[str, Table]:
    """What the database knows of the tables; raises LookupError for one that is not there."""
    by_table: dict[str, list[Any]] = defaultdict(list)
    for row in await connection.fetch(statements("catalogue.sql")["columns"], names):
        by_table[row["table"]].append(row)
    if missing := set(names) - set(by_table):
        raise LookupError(f"tables without a primary key or not there at all: {', '.join(sorted(missing))}")
    return {name: _table(name, rows) for name, rows in by_table.items()}


def _table(name: str, rows: Sequence[Any]) -> Table:
    in_key = sorted((row for row in rows if row["key_place"] is not None), key=lambda row: int(row["key_place"]))
    key, columns = (tuple(Column(row["column"], row["type"]) for row in some) for some in (in_key, rows))
    return Table(name, key, columns)
