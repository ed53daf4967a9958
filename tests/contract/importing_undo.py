"""What undoing an import holds to. A subclass's module provides ``imports``, on an empty log."""

import pytest

from event_schemas.streams import entity_id
from tests.contract.importing import KEYED, USERS
from tests.support.importing import TENANT, Imports
from write_side.entrypoints.importing.progress import Summary
from write_side.entrypoints.importing.undo import NoSuchBatch


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

    async def test_undo_of_nothing_is_refused(self, imports: Imports) -> None:
        """A batch that the log does not have cannot be undone."""
        batch = await imports.batch(imports.file("Agent,Region\nZoe,East\n"), USERS)
        with pytest.raises(NoSuchBatch):
            await imports.undo(Summary(batch=batch))
