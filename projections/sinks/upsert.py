"""Set-based statements for the changes of one table: one array per column, one statement per shape of change. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from projections.changes import Change, Increment, Patch, Put, Value
from projections.sinks.tables import Column, Table

Statement = tuple[str, Sequence[Sequence[Value]]]
"""SQL, and its arguments: the values of each column."""


def statements_for(table: Table, changes: Iterable[Change]) -> Iterator[Statement]:
    """What writes these changes, of which no two are of one row."""
    shapes: defaultdict[tuple[type[Change], tuple[str, ...]], list[Any]] = defaultdict(list)
    for change in changes:
        fields = tuple(change.fields) if isinstance(change, Patch | Increment) else ()
        shapes[type(change), fields].append(change)
    for (kind, fields), alike in shapes.items():
        yield _sql(kind, table, fields), _arguments(kind, table, fields, alike)


def _arguments(
    kind: type[Change], table: Table, fields: tuple[str, ...], alike: Sequence[Any]
) -> Sequence[Sequence[Value]]:
    if kind is Put:
        rows = [change.row for change in alike]
        return [[row[column.name] for row in rows] for column in table.columns]
    keys = [list(values) for values in zip(*(change.key for change in alike), strict=True)]
    return keys + [[change.fields[name] for change in alike] for name in fields]


@cache
def _sql(kind: type[Change], table: Table, fields: tuple[str, ...]) -> str:
    changed = _named(table, fields)
    if kind is Put:
        rest = tuple(column for column in table.columns if column not in table.key)
        return _insert(table, table.columns, [f"{_q(column)} = excluded.{_q(column)}" for column in rest])
    if kind is Increment:
        added = [f"{_q(column)} = t.{_q(column)} + excluded.{_q(column)}" for column in changed]
        return _insert(table, table.key + changed, added)
    found = _rows_of(table, changed)
    if kind is Patch:
        fresh = ", ".join(f"{_q(column)} = u.{_q(column)}" for column in changed)
        return f'update "{table.name}" as t set {fresh} from {found}'
    return f'delete from "{table.name}" as t using {found}'


def _rows_of(table: Table, changed: tuple[Column, ...]) -> str:
    """The rows under the given keys. The order makes the primary key's index the only one that answers without a sort.

    Without it, another index that begins alike is taken as long as the table has no statistics.
    """
    *outer, last = (_q(column) for column in table.key)
    same = " and ".join([*(f"s.{name} = u.{name}" for name in outer), f"s.{last} >= u.{last}"])
    return (
        f"unnest({_arrays(table.key + changed)}) as u({_list(table.key + changed)}) cross join lateral"
        f' (select s.ctid as place, s.{last} from "{table.name}" as s where {same} order by s.{last} limit 1) as f'
        f" where t.ctid = f.place and f.{last} = u.{last}"
    )


def _insert(table: Table, columns: Sequence[Column], updates: Sequence[str]) -> str:
    conflict = f"update set {', '.join(updates)}" if updates else "nothing"
    return (
        f'insert into "{table.name}" as t ({_list(columns)}) select * from unnest({_arrays(columns)})'
        f" on conflict ({_list(table.key)}) do {conflict}"
    )


def _named(table: Table, fields: tuple[str, ...]) -> tuple[Column, ...]:
    by_name = {column.name: column for column in table.columns}
    return tuple(by_name[name] for name in fields)


def _arrays(columns: Sequence[Column]) -> str:
    return ", ".join(f"${place}::{column.type}[]" for place, column in enumerate(columns, start=1))


def _list(columns: Sequence[Column]) -> str:
    return ", ".join(_q(column) for column in columns)


def _q(column: Column) -> str:
    return f'"{column.name}"'
