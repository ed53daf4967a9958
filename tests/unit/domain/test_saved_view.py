"""Saving, changing and deleting a view."""

from typing import Any

import pytest
from msgspec.structs import replace

from event_schemas.saved_view import ListedKind, ViewChanged, ViewDeleted, ViewSaved
from event_schemas.streams import TenantId
from tests.support.events import some_id
from tests.support.scenario import NOON, fold, given
from write_side.domain import saved_view
from write_side.domain.decider import Context
from write_side.domain.errors import Rejected
from write_side.domain.saved_view import (
    ChangeView,
    DeleteView,
    FilterIsNoObject,
    SaveView,
    ViewAlreadySaved,
    ViewIsDeleted,
    ViewNotFound,
    ViewOfSomebodyElse,
)

VIEW = some_id("view")
SAVE = SaveView(
    id=VIEW, kind=ListedKind.DEAL, name="Big ones", filter='{"amountMin": "1000"}', sort="AMOUNT_DESC", shared=True
)
SAVED = ViewSaved(
    kind=ListedKind.DEAL,
    name="Big ones",
    filter='{"amountMin": "1000"}',
    sort="AMOUNT_DESC",
    shared=True,
    owner_id="ada",
)
CHANGES: list[tuple[Any, Any]] = [
    (ChangeView(id=VIEW, name="Bigger ones"), ViewChanged(name="Bigger ones")),
    (ChangeView(id=VIEW, filter="{}"), ViewChanged(filter="{}")),
    (ChangeView(id=VIEW, sort=None), ViewChanged(sort=None)),
    (ChangeView(id=VIEW, shared=False), ViewChanged(shared=False)),
    (DeleteView(id=VIEW), ViewDeleted()),
]


def decided(command: Any, *history: Any, actor: str = "ada", admin: bool = False) -> Any:
    """What somebody's command decides."""
    state = fold(saved_view.DECIDER, VIEW, *history)
    context = Context(tenant=TenantId("demo"), actor=actor, occurred_at=NOON, command_id=VIEW, admin=admin)
    return saved_view.decide(command, state, context)


def test_a_view_is_saved_as_told() -> None:
    """Every field is in the event, and whose it is."""
    given(saved_view.DECIDER).when(SAVE).then(SAVED)


def test_a_name_is_enough() -> None:
    """Without more it lists everything, and is private."""
    bare = SaveView(id=VIEW, kind=ListedKind.LEAD, name="All")
    saved = ViewSaved(kind=ListedKind.LEAD, name="All", filter="{}", sort=None, shared=False, owner_id="ada")
    given(saved_view.DECIDER).when(bare).then(saved)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"a"', "{'a': 1}", "{}{}", "[" * 5000])
def test_a_filter_is_a_json_object(text: str) -> None:
    """Anything else is refused, at saving and at changing."""
    given(saved_view.DECIDER).when(replace(SAVE, filter=text)).rejected(FilterIsNoObject, "filter")
    given(saved_view.DECIDER, SAVED).when(ChangeView(id=VIEW, filter=text)).rejected(FilterIsNoObject, "filter")


@pytest.mark.parametrize(("command", "event"), CHANGES)
def test_a_view_changes(command: Any, event: Any) -> None:
    """Each change is one event, and its repeat none."""
    given(saved_view.DECIDER, SAVED).when(command).then(event)


def test_only_what_differs_is_an_event() -> None:
    """What is sent as it is, or not sent, does not change."""
    given(saved_view.DECIDER, SAVED).when(ChangeView(id=VIEW)).then()
    command = ChangeView(id=VIEW, name="Big ones", filter=SAVED.filter, sort=None, shared=True)
    given(saved_view.DECIDER, SAVED).when(command).then(ViewChanged(sort=None))


@pytest.mark.parametrize(("command", "_event"), CHANGES)
def test_what_was_never_saved_does_not_change(command: Any, _event: Any) -> None:
    """No change without a view."""
    given(saved_view.DECIDER).when(command).rejected(ViewNotFound)


def test_a_deleted_view_is_gone() -> None:
    """It accepts nothing more; deleting it again, or saving the same again, decides nothing."""
    gone = given(saved_view.DECIDER, SAVED, ViewDeleted())
    gone.when(DeleteView(id=VIEW)).then()
    gone.when(SAVE).then()
    gone.when(ChangeView(id=VIEW, name="Other")).rejected(ViewIsDeleted)
    gone.when(replace(SAVE, name="Other")).rejected(ViewAlreadySaved, "id")


def test_an_id_is_used_once() -> None:
    """A repeat decides nothing, whatever came between; other content, or another owner, is refused."""
    changed = given(saved_view.DECIDER, SAVED, ViewChanged(name="Other"))
    changed.when(SAVE).then()
    changed.when(replace(SAVE, name="Other")).rejected(ViewAlreadySaved, "id")
    with pytest.raises(ViewAlreadySaved):
        decided(SAVE, SAVED, actor="bob")


@pytest.mark.parametrize("admin", [False, True], ids=["member", "admin"])
@pytest.mark.parametrize("shared", [False, True], ids=["private", "shared"])
@pytest.mark.parametrize("command", [ChangeView(id=VIEW, name="Other"), DeleteView(id=VIEW)], ids=["change", "delete"])
def test_who_may_change_a_view(command: Any, shared: bool, admin: bool) -> None:
    """Its owner; an admin too, if it is shared. Nobody else even learns of a private one."""
    saved = replace(SAVED, shared=shared)
    assert len(decided(command, saved)) == 1
    rejection: type[Rejected] | None = ViewOfSomebodyElse if shared else ViewNotFound
    if shared and admin:
        rejection = None
    if rejection is None:
        assert len(decided(command, saved, actor="bob", admin=admin)) == 1
    else:
        with pytest.raises(rejection):
            decided(command, saved, actor="bob", admin=admin)


def test_what_became_private_is_its_owners() -> None:
    """The audience that counts is that of now."""
    private = ViewChanged(shared=False)
    with pytest.raises(ViewNotFound):
        decided(DeleteView(id=VIEW), SAVED, private, actor="bob", admin=True)
