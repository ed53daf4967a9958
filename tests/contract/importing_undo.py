"""What undoing an import holds to. A subclass's module provides ``imports``, on an empty log."""

import pytest
from msgspec.structs import asdict

from event_schemas.streams import entity_id
from tests.contract.importing import KEYED, USERS
from tests.support.importing import TENANT, Imports
from write_side.application.requests import Request
from write_side.domain.activity import CancelActivity
from write_side.domain.lead_commands import ArchiveLead
from write_side.entrypoints.importing.progress import Summary
from write_side.entrypoints.importing.undo import NoSuchBatch

ACTIVITIES = "kind='activity'\n[columns]\nsubject='Subject'\ndue_at='Due'\nkind='What'"


def request() -> Request:
    """Somebody asks."""
    return Request(tenant=TENANT, actor="ann", source="test", sent={})


class UndoContract:
    """Imports of small files, undone."""

    async def test_undo_archives_what_the_batch_created(self, imports: Imports) -> None:
        """What the batch created is archived and nothing else; what cannot be says why; again changes nothing."""
        await imports.run(imports.file("Id,Name,Company\n1,Ann,\n"), KEYED)
        mapping = KEYED + "\n[lead]\nqualified={column='W',equals='1'}\nconverted={column='W',equals='1'}"
        summary = await imports.run(imports.file("Id,Name,Company,W\n1,Anna,,\n2,Bob,,\n3,Cid,,1\n"), mapping)
        undone = await imports.undo(summary)
        assert (undone.created, undone.archived, undone.unchanged) == (2, 1, 0)
        assert [(kept.kind, kept.code) for kept in undone.kept] == [("lead", "LEAD_ALREADY_CONVERTED")]
        archived = await imports.recorded("lead.archived")
        assert [one.entity_id for one in archived] == [entity_id(TENANT, "lead", "external_id=2")]
        before = await imports.store.head()
        again = await imports.undo(summary)
        assert (again.created, again.archived, again.unchanged, len(again.kept)) == (2, 0, 1, 1)
        assert await imports.store.head() == before

    async def test_undo_leaves_alone_what_another_batch_created_meanwhile(self, imports: Imports) -> None:
        """Two imports at the same time are undone one by one."""
        slow = await imports.importer(imports.file("Id,Name,Company\n1,Ann,\n", "slow.csv"), KEYED)
        await slow.begin()
        quick = await imports.run(imports.file("Id,Name,Company\n2,Bob,\n", "quick.csv"), KEYED)
        undone = await imports.undo(await slow.rows())
        assert (undone.created, undone.archived) == (1, 1)
        assert [one.entity_id for one in await imports.recorded("lead.archived")] == [
            entity_id(TENANT, "lead", "external_id=1")
        ]
        assert (await imports.undo(quick)).archived == 1

    async def test_undo_of_what_has_no_archive_says_so(self, imports: Imports) -> None:
        """Users cannot be archived: they are listed, and stay."""
        undone = await imports.undo(await imports.run(imports.file("Agent,Region\nZoe,East\n"), USERS))
        assert (undone.created, undone.archived, [kept.code for kept in undone.kept]) == (1, 0, ["NOT_ARCHIVABLE"])

    async def test_undo_cancels_what_was_planned(self, imports: Imports) -> None:
        """An activity that is still to be done is cancelled; one that is done stays, and one that was cancelled too."""
        rows = "Subject,Due,What\nCall,2030-01-01T10:00Z,task\nOld,,note\nOff,2030-01-01T10:00Z,task\n"
        summary = await imports.run(imports.file(rows), ACTIVITIES)
        planned = await imports.recorded("activity.scheduled")
        off = next(one.entity_id for one in planned if asdict(one.event)["subject"] == "Off")
        await imports.transact(CancelActivity(id=off, reason="nobody has time"), request())
        undone = await imports.undo(summary)
        assert (undone.created, undone.archived, undone.unchanged) == (3, 1, 1)
        assert [(kept.code, kept.kind) for kept in undone.kept] == [("ACTIVITY_IS_DONE", "activity")]
        cancelled = await imports.recorded("activity.cancelled")
        assert [one.meta.source for one in cancelled] == ["test", "import.undo"]
        assert (await imports.undo(summary)).archived == 0

    async def test_what_an_undo_archived_comes_back_with_the_next_file(self, imports: Imports) -> None:
        """Imported anew after an undo, matched rows are restored and changed; undoing that takes them away again."""
        wrong = await imports.run(imports.file("Id,Name,Company\n1,Ann,\n2,Bob,\n", "wrong.csv"), KEYED)
        await imports.undo(wrong)
        right = await imports.run(imports.file("Id,Name,Company\n1,Anna,\n2,Bobby,\n", "right.csv"), KEYED)
        assert (right.accepted, right.rejected, right.events) == (2, 0, 4)
        assert await imports.recorded("batch.finished")
        details = await imports.events("lead.details_changed")
        assert sorted(change.person.name for change in details) == ["Anna", "Bobby"]
        undone = await imports.undo(right)
        assert (undone.created, undone.archived, len(undone.kept)) == (2, 2, 0)
        assert (await imports.undo(wrong)).archived == 0

    async def test_an_account_that_an_undo_archived_comes_back_too(self, imports: Imports) -> None:
        """As it was, and with what the next file says; what is retired does not, and its row says so."""
        for kind, price in (("account", ""), ("product", "price={column='P',currency='USD'}")):
            mapping = f"kind='{kind}'\nmatch='name'\n[columns]\nname='N'\n{price}"
            await imports.undo(await imports.run(imports.file("N,P\nA,1\n", f"{kind}1.csv"), mapping))
            await imports.run(imports.file("N,P\nA,2\n", f"{kind}2.csv"), mapping)
        assert imports.reasons.codes == {2: ("PRODUCT_IS_RETIRED", "")}

    async def test_what_somebody_archived_stays_archived(self, imports: Imports) -> None:
        """Only what an undo archived comes back by an import."""
        await imports.run(imports.file("Id,Name,Company\n1,Ann,\n", "first.csv"), KEYED)
        lead = entity_id(TENANT, "lead", "external_id=1")
        await imports.transact(ArchiveLead(id=lead), request())
        again = await imports.run(imports.file("Id,Name,Company\n1,Anna,\n"), KEYED)
        assert (again.accepted, again.rejected) == (0, 1)
        assert imports.reasons.codes == {2: ("LEAD_IS_ARCHIVED", "")}
        assert await imports.recorded("lead.restored") == []

    async def test_undo_of_nothing_is_refused(self, imports: Imports) -> None:
        """A batch that the log does not have cannot be undone."""
        batch = await imports.batch(imports.file("Agent,Region\nZoe,East\n"), USERS)
        with pytest.raises(NoSuchBatch):
            await imports.undo(Summary(batch=batch))
