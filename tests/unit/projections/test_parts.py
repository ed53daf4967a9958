"""Rows of parts: what is gone is deleted, what is new or other is put, and nothing else is written."""

from projections.changes import Delete, Put, Row
from projections.parts import part_changes


def row(part: str) -> Row:
    """The part ``a1`` is the row with key a and value 1."""
    return {"tenant": "demo", "key": part[0], "value": part[1]}


def test_only_what_is_different_is_written() -> None:
    """One stays, one changes, one goes, one comes."""
    found = part_changes("t", ("tenant", "key"), ("a1", "b1", "c1"), ("a1", "b2", "d1"), row)
    assert found == (
        Delete("t", ("demo", "c")),
        Put("t", ("demo", "b"), row("b2")),
        Put("t", ("demo", "d"), row("d1")),
    )


def test_the_same_parts_write_nothing() -> None:
    """However often an event says them again."""
    assert part_changes("t", ("tenant", "key"), ("a1",), ("a1",), row) == ()
