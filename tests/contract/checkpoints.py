"""What holds of every place where process managers keep their checkpoints and links."""

import pytest

from event_schemas.streams import START, Position, TenantId
from tests.support.events import DEMO, some_id
from write_side.application.process_managers.links import LinkChanges, MergedEntity, Referrer, Relation
from write_side.application.process_managers.ports import CheckpointMoved
from write_side.bootstrap import Remembered

OTHER = TenantId("other")
DEAL, A, B, C = (some_id(name) for name in ("deal", "a", "b", "c"))
OF_DEAL = Referrer(DEMO, Relation.DEAL_ACCOUNT, DEAL)
OF_CONTACT = Referrer(DEMO, Relation.CONTACT_ACCOUNT, DEAL)


class CheckpointsContract:
    """Inherit, and give the fixture ``remembered``."""

    async def test_a_process_begins_at_the_start(self, remembered: Remembered) -> None:
        """Each has a checkpoint of its own."""
        assert await remembered.position("one") == START
        await remembered.advance("one", after=START, to=Position(5))
        assert (await remembered.position("one"), await remembered.position("other")) == (5, START)

    async def test_a_checkpoint_moves_from_where_it_is(self, remembered: Remembered) -> None:
        """From anywhere else it is another runner's, and nothing changes."""
        await remembered.position("one")
        await remembered.advance("one", after=START, to=Position(5))
        changes = LinkChanges()
        changes.assign(OF_DEAL, A)
        with pytest.raises(CheckpointMoved):
            await remembered.advance("one", after=START, to=Position(6), changes=changes)
        assert await remembered.position("one") == 5
        assert list(await remembered.referring(DEMO, Relation.DEAL_ACCOUNT, A)) == []

    async def test_an_assigned_link_replaces_the_one_before(self, remembered: Remembered) -> None:
        """Within a batch and across batches; None ends it."""
        for to, (account, expected) in enumerate(((A, [A]), (B, [B]), (None, [])), start=1):
            changes = LinkChanges()
            changes.assign(OF_DEAL, C)
            changes.assign(OF_DEAL, account)
            await self.advance(remembered, to, changes)
            assert list(await remembered.targets(DEMO, Relation.DEAL_ACCOUNT, DEAL)) == expected
        assert list(await remembered.referring(DEMO, Relation.DEAL_ACCOUNT, C)) == []

    async def test_links_come_and_go_one_by_one(self, remembered: Remembered) -> None:
        """The last word of a batch counts, and the others stay."""
        first, second = LinkChanges(), LinkChanges()
        first.set(OF_CONTACT, A, linked=True)
        first.set(OF_CONTACT, B, linked=True)
        first.set(OF_CONTACT, B, linked=False)
        await self.advance(remembered, 1, first)
        assert list(await remembered.targets(DEMO, Relation.CONTACT_ACCOUNT, DEAL)) == [A]
        second.set(OF_CONTACT, A, linked=False)
        second.set(OF_CONTACT, C, linked=True)
        second.set(OF_CONTACT, C, linked=True)
        await self.advance(remembered, 2, second)
        assert list(await remembered.targets(DEMO, Relation.CONTACT_ACCOUNT, DEAL)) == [C]
        assert list(await remembered.referring(DEMO, Relation.CONTACT_ACCOUNT, C)) == [DEAL]

    async def test_tenants_and_relations_share_nothing(self, remembered: Remembered) -> None:
        """The same ids elsewhere are other entities."""
        changes = LinkChanges()
        changes.assign(OF_DEAL, A)
        await self.advance(remembered, 1, changes)
        assert list(await remembered.referring(OTHER, Relation.DEAL_ACCOUNT, A)) == []
        assert list(await remembered.referring(DEMO, Relation.CONTACT_ACCOUNT, A)) == []
        ended = LinkChanges()
        ended.assign(Referrer(OTHER, Relation.DEAL_ACCOUNT, DEAL), None)
        await self.advance(remembered, 2, ended)
        assert list(await remembered.referring(DEMO, Relation.DEAL_ACCOUNT, A)) == [DEAL]

    async def test_merges_are_for_good(self, remembered: Remembered) -> None:
        """Each is remembered with the one that goes on."""
        entity = MergedEntity(DEMO, "account", A)
        for to in (1, 2):
            changes = LinkChanges()
            changes.merged[entity] = B
            await self.advance(remembered, to, changes)
        assert await remembered.merged() == {entity: B}

    async def advance(self, remembered: Remembered, to: int, changes: LinkChanges) -> None:
        """The next step of the only process."""
        after = await remembered.position("merging")
        await remembered.advance("merging", after=after, to=Position(to), changes=changes)
