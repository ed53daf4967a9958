"""Merging that is cut off at any step, or begun again from the start of the log."""

import pytest

from tests.support.crashing import Dying, died
from tests.support.merging import (
    ADA,
    BOB,
    DEALS,
    A,
    B,
    C,
    D,
    account_of,
    accounts_of,
    merging_office,
    open_deal,
    parent_of,
    settle,
)
from tests.support.office import Office
from tests.support.secrets import MASTER
from write_side.application.process_managers.links import Relation
from write_side.bootstrap import transactor
from write_side.domain.account import MergeAccount
from write_side.domain.account_hierarchy import SetAccountParent
from write_side.domain.contact_commands import (
    LinkContactAccount,
)


@pytest.fixture
async def office() -> Office:
    """With a pipeline, four accounts and three contacts in it."""
    return await merging_office()


STEPS = 7
"""Commands of the merge below."""


async def merged_with_everything(office: Office) -> None:
    """Two deals, two contacts (one of whom is there already) and two subsidiaries are to move."""
    for deal in DEALS[:2]:
        await open_deal(office, deal, A)
    for contact in (ADA, BOB):
        await office.send(LinkContactAccount(id=contact, account_id=A, role="CTO"))
    await office.send(LinkContactAccount(id=BOB, account_id=B, role="CEO"))
    for child in (C, D):
        await office.send(SetAccountParent(id=child, parent_id=A))
    await office.send(MergeAccount(id=A, into_id=B))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, STEPS + 1))
async def test_a_crash_at_any_step_costs_nothing(office: Office, at: int, after: bool) -> None:
    """The next start goes on, and each thing has moved once."""
    await merged_with_everything(office)
    before = await office.store.head()
    dying = Dying(transactor(store=office.store, master_secret=MASTER).transact, at=at, after=after)
    with pytest.raises(BaseExceptionGroup) as caught:
        await office.settle(dying)
    assert died(caught.value)
    await settle(office)
    assert [await account_of(office, deal) for deal in DEALS[:2]] == [B, B]
    assert await accounts_of(office, ADA) == {B: "CTO"}
    assert await accounts_of(office, BOB) == {B: "CEO"}
    assert [await parent_of(office, child) for child in (C, D)] == [B, B]
    effects = [one for one in await office.events() if one.position > before and one.meta.type != "command.accepted"]
    assert len(effects) == STEPS


async def test_a_replay_has_no_effects(office: Office) -> None:
    """A process that begins again from the start of the log finds all moved, and remembers the same."""
    await merged_with_everything(office)
    await settle(office)
    remembered, before = office.remembered, await office.store.head()
    office.forget()
    await settle(office)
    assert await office.store.head() == before
    for relation in Relation:
        for entity in (A, B, C, D, ADA, BOB):
            then = await remembered.referring(office.tenant, relation, entity)
            assert await office.remembered.referring(office.tenant, relation, entity) == then
