"""The list of saved views: exactly these changes for these events."""

import pytest

from event_schemas.saved_view import ViewChanged, ViewDeleted
from projections.changes import Delete, Put, Row
from projections.documents.document import Unfoldable
from projections.views import entity_states, saved_view_list
from tests.support.customers import view_saved
from tests.support.events import DEMO, NOON, Log, some_id
from tests.support.projecting import changes_of, folded

VIEW = some_id("view")


def test_saved_view_list_shows_a_view_until_it_is_deleted() -> None:
    """Only what an event names changes; then there is no row."""
    log = Log()
    log.append("saved_view", VIEW, view_saved())
    log.append("saved_view", VIEW, ViewChanged(name="Warm leads", sort="NAME_ASC", shared=True), ViewDeleted())
    row: Row = {
        "tenant": DEMO,
        "id": VIEW,
        "kind": "lead",
        "name": "Hot leads",
        "filter": '{"status":"QUALIFIED"}',
        "sort": None,
        "shared": False,
        "owner": "ada",
        "created_at": NOON,
        "version": 1,
        "position": 1,
    }
    changed: Row = {"name": "Warm leads", "sort": "NAME_ASC", "shared": True, "version": 2, "position": 2}
    assert changes_of(saved_view_list, log.events) == [
        (Put("saved_view_list", (DEMO, VIEW), row),),
        (Put("saved_view_list", (DEMO, VIEW), row | changed),),
        (Delete("saved_view_list", (DEMO, VIEW)),),
    ]


def test_a_deleted_view_has_a_state_that_says_so() -> None:
    """So that its states of before come to an end."""
    log = Log()
    log.append("saved_view", VIEW, view_saved(), ViewDeleted())
    docs = [changes[-1] for changes in changes_of(entity_states, log.events)]
    assert ['"deleted":true' in str(put.row["doc"]) for put in docs if isinstance(put, Put)] == [False, True]


def test_a_deleted_view_is_not_saved_again() -> None:
    """Another one is another id."""
    log = Log()
    log.append("saved_view", VIEW, view_saved(), ViewDeleted(), view_saved())
    with pytest.raises(Unfoldable, match=r"saved_view\.saved cannot follow version 2"):
        folded(log.events)
