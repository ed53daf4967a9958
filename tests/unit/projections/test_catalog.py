"""The catalogue: every view is in one group, and no table has two writers."""

import pkgutil
from collections import Counter
from types import ModuleType

from projections import views
from projections.catalog import CARDS, POSTGRES, SEARCH, ViewGroup
from projections.changes import Increment, VersionedChange
from projections.documents.registry import KINDS
from projections.views import deal_board


def test_every_view_is_in_a_group() -> None:
    """A new module of projections.views that nobody runs fails here."""
    modules = {module.name for module in pkgutil.iter_modules(views.__path__)}
    assert modules == {view.NAME for view in (*POSTGRES.views, *CARDS.views, *SEARCH.views)}


def test_a_view_is_named_as_its_module() -> None:
    """So that a dead letter says which file to open."""
    for view in (*POSTGRES.views, *CARDS.views, *SEARCH.views):
        assert isinstance(view, ModuleType)
        assert view.__name__ == f"projections.views.{view.NAME}"


def test_no_table_is_written_by_two_views() -> None:
    """A row has one writer, so a table has one view."""
    writers = Counter((*POSTGRES.tables, *CARDS.tables, *SEARCH.tables))
    assert set(writers.values()) == {1}


def test_no_store_without_a_common_transaction_is_told_to_count() -> None:
    """Types forbid it: mypy, which is strict here, would complain of these ignores if they were not needed."""
    increment = Increment("card", ("demo", 1), {"count": 1})
    ViewGroup[VersionedChange]("cards", deal_board)  # type: ignore[arg-type]  # a view of rows, for a store of versions
    changes: tuple[VersionedChange, ...] = (increment,)  # type: ignore[assignment]  # no version, no repeat
    assert len(changes) == 1


def test_every_kind_of_document_is_read() -> None:
    """No events are folded for nothing, and none are forgotten."""
    assert set(POSTGRES.readers) == {kind.document for kind in KINDS.values()}
