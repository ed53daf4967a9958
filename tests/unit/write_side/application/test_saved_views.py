"""Saved views from request to events: who asks, and in which role, reaches the decision."""

import pytest

from event_schemas.saved_view import ListedKind
from tests.support.events import some_id
from tests.support.office import Office
from write_side.domain.saved_view import ChangeView, DeleteView, SaveView, ViewNotFound, ViewOfSomebodyElse

VIEW = some_id("view")


async def test_a_shared_view_is_changed_by_its_owner_or_an_admin() -> None:
    """A private one by its owner alone; nobody else learns that there is one."""
    office = await Office.opened()
    await office.send(SaveView(id=VIEW, kind=ListedKind.LEAD, name="Hot", shared=True), actor="ann")
    with pytest.raises(ViewOfSomebodyElse):
        await office.send(DeleteView(id=VIEW), actor="bob")
    await office.send(ChangeView(id=VIEW, name="Hotter"), actor="bob", admin=True)
    await office.send(ChangeView(id=VIEW, shared=False), actor="ann")
    with pytest.raises(ViewNotFound):
        await office.send(DeleteView(id=VIEW), actor="bob", admin=True)
    await office.send(DeleteView(id=VIEW), actor="ann")
    recorded = await office.events("saved_view.saved", "saved_view.changed", "saved_view.deleted")
    assert [(one.meta.type, one.meta.actor) for one in recorded] == [
        ("saved_view.saved", "ann"),
        ("saved_view.changed", "bob"),
        ("saved_view.changed", "ann"),
        ("saved_view.deleted", "ann"),
    ]
