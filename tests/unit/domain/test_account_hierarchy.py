"""Which account belongs to which."""

from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from event_schemas.account import AccountArchived, AccountParentSet
from tests.support.events import some_id
from tests.support.examples import ACCOUNT_OPENED
from tests.support.scenario import Given, fold, given
from write_side.domain import account, account_hierarchy
from write_side.domain.account_hierarchy import AccountCycle, SetAccountParent
from write_side.domain.references import AccountIsArchived, AccountNotFound

A, B, C, D = (some_id(name) for name in "ABCD")


def below(child: UUID, parent: UUID | None) -> AccountParentSet:
    """The event."""
    return AccountParentSet(account_id=child, parent_id=parent)


def put(child: UUID, parent: UUID | None) -> SetAccountParent:
    """The command."""
    return SetAccountParent(id=child, parent_id=parent)


def tenant(*events: Any) -> Given:
    """A hierarchy of the four accounts A, B, C and D."""
    hierarchy = given(account_hierarchy.DECIDER, *events)
    for one in (A, B, C, D):
        hierarchy = hierarchy.beside(account.DECIDER, one, ACCOUNT_OPENED)
    return hierarchy


def test_an_account_gets_a_parent_and_another_and_none() -> None:
    """Each change is one event."""
    tenant().when(put(A, B)).then(below(A, B))
    tenant(below(A, B)).when(put(A, C)).then(below(A, C))
    tenant(below(A, B)).when(put(A, None)).then(below(A, None))


def test_what_is_so_already_decides_nothing() -> None:
    """The same parent again is no event, nor is none for an account without; not even when they were archived since."""
    tenant(below(A, B)).when(put(A, B)).then()
    tenant(below(A, B), below(A, None)).when(put(A, None)).then()
    archived = tenant(below(A, B)).beside(account.DECIDER, B, ACCOUNT_OPENED, AccountArchived())
    archived.when(put(A, B)).then()


def test_no_account_is_its_own_parent() -> None:
    """The shortest cycle."""
    message = tenant().when(put(A, A)).rejected(AccountCycle, "parentId")
    assert f"{A} -> {A};" in message


def test_no_account_is_above_itself() -> None:
    """A longer cycle is refused, and the message names its path: A under B under C under A."""
    message = tenant(below(B, C), below(C, A)).when(put(A, B)).rejected(AccountCycle, "parentId")
    assert f"{A} -> {B} -> {C} -> {A};" in message


def test_a_moved_branch_closes_no_cycle() -> None:
    """Where an account was once does not matter."""
    tenant(below(B, A), below(B, C)).when(put(A, B)).then(below(A, B))


def test_a_long_path_is_cut_in_the_middle() -> None:
    """A message stays readable however deep the hierarchy is."""
    chain = [some_id(depth) for depth in range(100)]
    links = [below(lower, upper) for lower, upper in pairwise(chain)]
    deep = given(account_hierarchy.DECIDER, *links)
    for end in (chain[0], chain[-1]):
        deep = deep.beside(account.DECIDER, end, ACCOUNT_OPENED)
    message = deep.when(put(chain[-1], chain[0])).rejected(AccountCycle, "parentId")
    assert message.count(" -> ") == 10
    assert "(91 more)" in message


@pytest.mark.parametrize("history", [(), (below(A, C),)], ids=["without", "with another"])
def test_the_parent_must_exist_and_be_worked_on(history: Any) -> None:
    """Neither an unknown account nor an archived one becomes a parent."""
    tenant(*history).when(put(A, some_id("none"))).rejected(AccountNotFound, "parentId")
    archived = tenant(*history).beside(account.DECIDER, B, ACCOUNT_OPENED, AccountArchived())
    archived.when(put(A, B)).rejected(AccountIsArchived, "parentId")


def test_the_account_must_exist_and_be_worked_on() -> None:
    """Neither an unknown account nor an archived one is moved."""
    tenant().when(put(some_id("none"), A)).rejected(AccountNotFound)
    tenant().when(put(some_id("none"), None)).rejected(AccountNotFound)
    archived = tenant(below(A, B)).beside(account.DECIDER, A, ACCOUNT_OPENED, AccountArchived())
    archived.when(put(A, C)).rejected(AccountIsArchived)
    archived.when(put(A, None)).rejected(AccountIsArchived)


def test_a_cycle_in_history_ends_nothing() -> None:
    """Should the log ever hold a cycle, commands beside it are still decided."""
    tenant(below(A, B), below(B, A)).when(put(C, A)).then(below(C, A))


def test_all_hierarchies_are_one_stream() -> None:
    """Every command of a tenant goes to the same stream, so the store lets no two pass each other."""
    streams = {account_hierarchy.DECIDER.stream_id(command) for command in (put(A, B), put(C, None))}
    assert streams == {"accounts"}


def test_a_state_stays_as_it_was() -> None:
    """Folding on leaves the earlier state alone, though the two share most of their parts."""
    before = fold(account_hierarchy.DECIDER, A, below(A, B))
    after = fold(account_hierarchy.DECIDER, A, below(A, C), below(B, C), state=before)
    assert (before.parents.of(A), before.parents.of(B)) == (B, None)
    assert (after.parents.of(A), after.parents.of(B)) == (C, C)
