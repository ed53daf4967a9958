"""Merging an account into another."""

from typing import Any

import pytest

from event_schemas.account import AccountArchived, AccountDetailsChanged, AccountMerged, AccountParentSet
from tests.support.events import some_id
from tests.support.examples import ACCOUNT, ACCOUNT_OPENED
from tests.support.scenario import Given, given
from write_side.domain import account, account_hierarchy
from write_side.domain.account import (
    AccountAlreadyOpened,
    AccountMergedIntoItself,
    ArchiveAccount,
    AssignAccountOwner,
    AssignAccountTerritory,
    ChangeAccountDetails,
    MergeAccount,
    OpenAccount,
)
from write_side.domain.account_hierarchy import SetAccountParent
from write_side.domain.references import AccountIsArchived, AccountIsMerged, AccountNotFound

OTHER, THIRD = some_id("other account"), some_id("third account")
MERGE, MERGED = MergeAccount(id=ACCOUNT, into_id=OTHER), AccountMerged(into_id=OTHER)


def tenant(*events: Any, other: tuple[Any, ...] = (ACCOUNT_OPENED,)) -> Given:
    """An account's history beside another account's."""
    return given(account.DECIDER, *events).beside(account.DECIDER, OTHER, *other)


def test_an_account_is_merged_into_another() -> None:
    """Into one that goes on; its repeat decides nothing."""
    tenant(ACCOUNT_OPENED).when(MERGE).then(MERGED)


def test_not_into_itself() -> None:
    """That would be the end of it."""
    command = MergeAccount(id=ACCOUNT, into_id=ACCOUNT)
    tenant(ACCOUNT_OPENED).when(command).rejected(AccountMergedIntoItself, "intoId")


def test_only_into_one_that_goes_on() -> None:
    """Not into one that does not exist, is archived or was merged itself; then the message names the survivor."""
    tenant(ACCOUNT_OPENED, other=()).when(MERGE).rejected(AccountNotFound, "intoId")
    archived = tenant(ACCOUNT_OPENED, other=(ACCOUNT_OPENED, AccountArchived()))
    archived.when(MERGE).rejected(AccountIsArchived, "intoId")
    merged = tenant(ACCOUNT_OPENED, other=(ACCOUNT_OPENED, AccountMerged(into_id=THIRD)))
    assert str(THIRD) in merged.when(MERGE).rejected(AccountIsMerged, "intoId")


def test_what_does_not_exist_or_is_archived_is_not_merged() -> None:
    """Only an account that is worked on."""
    tenant().when(MERGE).rejected(AccountNotFound)
    tenant(ACCOUNT_OPENED, AccountArchived()).when(MERGE).rejected(AccountIsArchived)


@pytest.mark.parametrize(
    "command",
    [
        ChangeAccountDetails(id=ACCOUNT, name="Other"),
        AssignAccountOwner(id=ACCOUNT, owner_id=None),
        AssignAccountTerritory(id=ACCOUNT, territory=None),
        ArchiveAccount(id=ACCOUNT),
        MergeAccount(id=ACCOUNT, into_id=THIRD),
    ],
    ids=lambda command: type(command).__name__,
)
def test_a_merged_account_accepts_nothing_more(command: Any) -> None:
    """The message names the one that goes on."""
    message = tenant(ACCOUNT_OPENED, MERGED).when(command).rejected(AccountIsMerged)
    assert str(OTHER) in message


def test_opening_it_again_is_a_repeat_or_refused() -> None:
    """As for every account: the same content is a repeat, whatever became of it."""
    merged = tenant(ACCOUNT_OPENED, AccountDetailsChanged(name="Acme Inc"), MERGED)
    merged.when(OpenAccount(id=ACCOUNT, name="Acme")).then()
    merged.when(OpenAccount(id=ACCOUNT, name="Acme Inc")).rejected(AccountAlreadyOpened, "id")


def test_a_merged_account_has_no_place_in_the_hierarchy() -> None:
    """It is nobody's parent and gets none; what was so already is no error."""
    history = AccountParentSet(account_id=OTHER, parent_id=ACCOUNT)
    hierarchy = (
        given(account_hierarchy.DECIDER, history)
        .beside(account.DECIDER, ACCOUNT, ACCOUNT_OPENED, MERGED)
        .beside(account.DECIDER, OTHER, ACCOUNT_OPENED)
        .beside(account.DECIDER, THIRD, ACCOUNT_OPENED)
    )
    hierarchy.when(SetAccountParent(id=THIRD, parent_id=ACCOUNT)).rejected(AccountIsMerged, "parentId")
    hierarchy.when(SetAccountParent(id=ACCOUNT, parent_id=THIRD)).rejected(AccountIsMerged)
    hierarchy.when(SetAccountParent(id=OTHER, parent_id=ACCOUNT)).then()
