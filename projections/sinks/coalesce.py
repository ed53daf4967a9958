"""Many changes -> one per row, where that says the same. Pure."""

from collections.abc import Iterable
from typing import TypeAlias

from projections.changes import Change, Delete, Increment, Key, Patch, Put

Wave: TypeAlias = dict[str, dict[Key, Change]]
"""By table, at most one change per row; the order within a wave does not matter."""


def coalesce(changes: Iterable[Change]) -> list[Wave]:
    """Waves to be written one after the other; nearly always one."""
    waves: list[Wave] = [{}]
    for change in changes:
        _add(change, waves)
    return [wave for wave in waves if wave]


def _add(change: Change, waves: list[Wave]) -> None:
    """Into the newest wave, merged with what it says of the row; into a new one when the two cannot be said at once."""
    rows = waves[-1].setdefault(change.table, {})
    earlier = rows.setdefault(change.key, change)
    if earlier is change:
        return
    if (merged := _merged(earlier, change)) is None:
        waves.append({change.table: {change.key: change}})
    else:
        rows[change.key] = merged


def _merged(earlier: Change, later: Change) -> Change | None:
    """Both as one change; None when there is no such change."""
    match earlier, later:
        case _, Put() | Delete():
            return later
        case Put(table, key, row), Patch(fields=fields):
            return Put(table, key, {**row, **fields})
        case Patch(table, key, before), Patch(fields=fields):
            return Patch(table, key, {**before, **fields})
        case Delete(), Patch():
            return earlier
        case Increment(table, key, before), Increment(fields=fields):
            return Increment(table, key, before | {name: before.get(name, 0) + by for name, by in fields.items()})
        case _:
            return None
