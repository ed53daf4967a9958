"""Opening, changing and archiving an account."""

from typing import Any

import msgspec
import pytest

from event_schemas.account import (
    AccountArchived,
    AccountDetailsChanged,
    AccountOpened,
    AccountOwnerAssigned,
    AccountRestored,
    AccountTerritoryAssigned,
)
from event_schemas.values import Money
from tests.support.events import some_id
from tests.support.examples import ACCOUNT, ACCOUNT_OPENED, USER, USER_CREATED
from tests.support.scenario import Given, given
from write_side.domain import account, user
from write_side.domain.account import (
    AccountAlreadyOpened,
    ArchiveAccount,
    AssignAccountOwner,
    AssignAccountTerritory,
    ChangeAccountDetails,
    OpenAccount,
    RestoreAccount,
)
from write_side.domain.references import AccountIsArchived, AccountNotFound, UserNotFound

FULL = OpenAccount(
    id=ACCOUNT,
    name="Acme",
    sector="retail",
    year_established=1996,
    revenue=Money(110_000_000_000, "USD"),
    employees=2822,
    location="Kenya",
    territory="EMEA",
    owner_id=USER,
)
FULL_OPENED = AccountOpened(
    name="Acme",
    sector="retail",
    year_established=1996,
    revenue=Money(110_000_000_000, "USD"),
    employees=2822,
    location="Kenya",
    territory="EMEA",
    owner_id=USER,
)
CHANGES: list[tuple[Any, Any]] = [
    (ChangeAccountDetails(id=ACCOUNT, name="Acme Inc"), AccountDetailsChanged(name="Acme Inc")),
    (AssignAccountOwner(id=ACCOUNT, owner_id=None), AccountOwnerAssigned(owner_id=None)),
    (AssignAccountTerritory(id=ACCOUNT, territory="West"), AccountTerritoryAssigned(territory="West")),
    (ArchiveAccount(id=ACCOUNT), AccountArchived()),
]


def tenant(*events: Any) -> Given:
    """An account's history in a tenant with one user."""
    return given(account.DECIDER, *events).beside(user.DECIDER, USER, USER_CREATED)


def test_an_account_is_opened_by_its_name_alone() -> None:
    """What is not given is unknown."""
    tenant().when(OpenAccount(id=ACCOUNT, name="Acme")).then(ACCOUNT_OPENED)


def test_an_account_is_opened_as_told() -> None:
    """Every field of the command is in the event."""
    tenant().when(FULL).then(FULL_OPENED)


@pytest.mark.parametrize("between", [(), tuple(event for _, event in CHANGES)], ids=["at once", "after all"])
def test_a_repeat_decides_nothing_whatever_came_between(between: Any) -> None:
    """The same OpenAccount again is a repeat, also of an account that was changed and archived."""
    tenant(FULL_OPENED, *between).when(FULL).then()


@pytest.mark.parametrize("field", [name for name in FULL.__struct_fields__ if name not in {"id", "name"}])
def test_an_id_is_used_once(field: str) -> None:
    """Any other content under the same id is refused, also when the account is archived."""
    other = msgspec.structs.replace(FULL, **{field: None})
    tenant(FULL_OPENED).when(other).rejected(AccountAlreadyOpened, "id")
    tenant(FULL_OPENED, AccountArchived()).when(other).rejected(AccountAlreadyOpened, "id")


@pytest.mark.parametrize(("command", "event"), CHANGES)
def test_an_account_changes(command: Any, event: Any) -> None:
    """Each change of an account is one event, and none when it already is so."""
    tenant(FULL_OPENED).when(command).then(event)
    tenant(FULL_OPENED, event).when(command).then()


@pytest.mark.parametrize(("command", "_event"), CHANGES)
def test_what_was_never_opened_does_not_change(command: Any, _event: Any) -> None:
    """No change without an account."""
    tenant().when(command).rejected(AccountNotFound)


@pytest.mark.parametrize(("command", "event"), CHANGES[:-1])
def test_an_archived_account_accepts_nothing_more(command: Any, event: Any) -> None:
    """No change after archiving, not even to what holds."""
    tenant(FULL_OPENED, AccountArchived()).when(command).rejected(AccountIsArchived)
    tenant(FULL_OPENED, event, AccountArchived()).when(command).rejected(AccountIsArchived)


def test_an_archived_account_is_restored_as_it_was() -> None:
    """All that it went through before counts again; what is not archived is as it should be already."""
    changed = tuple(event for _, event in CHANGES[:-1])
    tenant(FULL_OPENED).when(RestoreAccount(id=ACCOUNT)).then()
    tenant(FULL_OPENED, *changed, AccountArchived()).when(RestoreAccount(id=ACCOUNT)).then(AccountRestored())
    back = tenant(FULL_OPENED, *changed, AccountArchived(), AccountRestored())
    for command, _ in CHANGES[:-1]:
        back.when(command).then()
    tenant().when(RestoreAccount(id=ACCOUNT)).rejected(AccountNotFound)


def test_only_what_differs_is_an_event() -> None:
    """Of many details sent, the event has those that change."""
    same: dict[str, Any] = {"name": "Acme", "sector": "retail", "revenue": Money(110_000_000_000, "USD")}
    command = ChangeAccountDetails(id=ACCOUNT, **same, employees=3000, location=None)
    tenant(FULL_OPENED).when(command).then(AccountDetailsChanged(employees=3000, location=None))


def test_details_that_were_not_sent_stay() -> None:
    """Nothing sent is nothing changed; a field that was not sent does not empty it."""
    tenant(FULL_OPENED).when(ChangeAccountDetails(id=ACCOUNT)).then()
    emptied = AccountDetailsChanged(sector=None)
    tenant(FULL_OPENED, emptied).when(ChangeAccountDetails(id=ACCOUNT, sector=None, employees=2822)).then()


@pytest.mark.parametrize(
    "field", [name for name in ChangeAccountDetails.__struct_fields__ if name not in {"id", "name"}]
)
def test_null_empties_a_detail(field: str) -> None:
    """Each detail but the name can become unknown."""
    emptied: dict[str, Any] = {field: None}
    tenant(FULL_OPENED).when(ChangeAccountDetails(id=ACCOUNT, **emptied)).then(AccountDetailsChanged(**emptied))


def test_the_owner_must_exist() -> None:
    """An owner is a user of the tenant, at opening and later."""
    nobody = some_id("none")
    tenant().when(msgspec.structs.replace(FULL, owner_id=nobody)).rejected(UserNotFound, "ownerId")
    tenant(FULL_OPENED).when(AssignAccountOwner(id=ACCOUNT, owner_id=nobody)).rejected(UserNotFound, "ownerId")


def test_an_account_gets_an_owner() -> None:
    """From nobody to somebody."""
    tenant(ACCOUNT_OPENED).when(AssignAccountOwner(id=ACCOUNT, owner_id=USER)).then(AccountOwnerAssigned(owner_id=USER))
