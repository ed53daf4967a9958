"""Coalescing says the same as the changes one by one."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from projections.changes import Change, Delete, Increment, Key, Patch, Put
from projections.sinks.coalesce import coalesce

keys = st.sampled_from([("demo", 1), ("demo", 2)])
fields = st.dictionaries(st.sampled_from(["a", "b"]), st.integers(-3, 3), min_size=1)
tables = st.sampled_from(["x", "y"])
changes = st.one_of(
    st.builds(lambda table, key, a, b: Put(table, key, {"a": a, "b": b}), tables, keys, st.integers(), st.integers()),
    st.builds(Patch, tables, keys, fields),
    st.builds(Increment, tables, keys, fields),
    st.builds(Delete, tables, keys),
)


def written(some: Iterable[Change]) -> dict[tuple[str, Key], dict[str, int]]:
    """The rows after the changes, by their definition; an increment begins with nothing."""
    rows: dict[tuple[str, Key], dict[str, int]] = {}
    for change in some:
        place = (change.table, change.key)
        match change:
            case Put(row=row):
                rows[place] = {"a": 0, "b": 0} | dict(row)  # type: ignore[assignment]  # only integers here
            case Patch(fields=fields) if place in rows:
                rows[place] = rows[place] | dict(fields)  # type: ignore[assignment]  # only integers here
            case Increment(fields=fields):
                before = rows.get(place, {"a": 0, "b": 0})
                rows[place] = before | {name: before[name] + by for name, by in fields.items()}
            case Delete():
                rows.pop(place, None)
    return rows


@given(st.lists(changes, max_size=12))
def test_waves_leave_the_same_rows_as_the_changes_one_by_one(some: list[Change]) -> None:
    """Whatever is put, patched, counted and deleted, in whatever order."""
    waves = coalesce(some)
    assert written(change for wave in waves for table in wave.values() for change in table.values()) == written(some)


@given(st.lists(changes, max_size=12))
def test_a_wave_names_a_row_once_under_its_own_table_and_key(some: list[Change]) -> None:
    """So that the statements of a wave may run in any order."""
    for wave in coalesce(some):
        for table, rows in wave.items():
            assert all((change.table, change.key) == (table, key) for key, change in rows.items())


def test_many_changes_of_one_row_are_one() -> None:
    """The usual case: what one entity's events say of one row in a batch is written once."""
    first = Put("x", ("demo", 1), {"a": 1, "b": 1})
    some: list[Change] = [first, Patch("x", ("demo", 1), {"a": 2}), Patch("x", ("demo", 1), {"b": 3})]
    assert coalesce(some) == [{"x": {("demo", 1): Put("x", ("demo", 1), {"a": 2, "b": 3})}}]


def test_nothing_is_nothing() -> None:
    """No changes, no statements."""
    assert coalesce([]) == []
