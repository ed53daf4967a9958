"""The parts of a document that have rows of their own: what changes in their table. Pure."""

from collections.abc import Callable
from typing import TypeVar

from projections.changes import Change, Delete, Put, Row

P = TypeVar("P")


def part_changes(
    table: str, key: tuple[str, ...], before: tuple[P, ...], after: tuple[P, ...], row: Callable[[P], Row]
) -> tuple[Change, ...]:
    """Deletes of the parts that are gone, and puts of those that are new or not as they were.

    ``key`` names the columns of the table's primary key, in its order.
    """
    if before == after:
        return ()
    old, new = ({tuple(one[column] for column in key): one for one in map(row, parts)} for parts in (before, after))
    gone = (Delete(table, place) for place in old if place not in new)
    return (*gone, *(Put(table, place, one) for place, one in new.items() if old.get(place) != one))
