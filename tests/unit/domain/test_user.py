"""Creating a user, membership in a team, manager and region."""

from typing import Any

import msgspec
import pytest

from event_schemas.organisation import (
    UserCreated,
    UserJoinedTeam,
    UserLeftTeam,
    UserManagerAssigned,
    UserRegionAssigned,
)
from tests.support.events import some_id
from tests.support.examples import TEAM, TEAM_CREATED, USER, USER_CREATED
from tests.support.scenario import Given, given
from write_side.domain import team, user
from write_side.domain.references import TeamNotFound, UserNotFound
from write_side.domain.user import (
    AlreadyInTeam,
    AssignUserManager,
    AssignUserRegion,
    CreateUser,
    JoinTeam,
    LeaveTeam,
    UserAlreadyCreated,
    UserManagesThemself,
)

BOSS, EAST = some_id("boss"), some_id("east")
CREATE, JOIN, LEAVE = CreateUser(id=USER, name="Ada"), JoinTeam(id=USER, team_id=TEAM), LeaveTeam(id=USER)
CHANGES: list[tuple[Any, Any]] = [
    (JOIN, UserJoinedTeam(team_id=TEAM)),
    (AssignUserManager(id=USER, manager_id=BOSS), UserManagerAssigned(manager_id=BOSS)),
    (AssignUserRegion(id=USER, region="Oregon"), UserRegionAssigned(region="Oregon")),
]


def tenant(*events: Any) -> Given:
    """A user's history in a tenant with a boss and two teams."""
    return (
        given(user.DECIDER, *events)
        .beside(user.DECIDER, BOSS, USER_CREATED)
        .beside(team.DECIDER, TEAM, TEAM_CREATED)
        .beside(team.DECIDER, EAST, TEAM_CREATED)
    )


def test_a_user_is_created() -> None:
    """With what is known of them."""
    tenant().when(CREATE).then(USER_CREATED)
    full = CreateUser(id=USER, name="Ada", region="Oregon", manager_id=BOSS)
    tenant().when(full).then(UserCreated(name="Ada", region="Oregon", manager_id=BOSS))


@pytest.mark.parametrize(("command", "event"), CHANGES)
def test_a_user_changes(command: Any, event: Any) -> None:
    """Each change is one event, and none when it already is so."""
    tenant(USER_CREATED).when(command).then(event)
    tenant(USER_CREATED, event).when(command).then()


def test_manager_and_region_can_be_none() -> None:
    """None takes each of them away."""
    full = UserCreated(name="Ada", region="Oregon", manager_id=BOSS)
    tenant(full).when(AssignUserManager(id=USER, manager_id=None)).then(UserManagerAssigned(manager_id=None))
    tenant(full).when(AssignUserRegion(id=USER, region=None)).then(UserRegionAssigned(region=None))


def test_a_user_leaves_the_team_they_are_in() -> None:
    """The event names the team; without a team there is nothing to leave."""
    tenant(USER_CREATED, UserJoinedTeam(team_id=TEAM)).when(LEAVE).then(UserLeftTeam(left_team_id=TEAM))
    tenant(USER_CREATED).when(LEAVE).then()


def test_a_user_is_in_one_team_at_a_time() -> None:
    """To join another, leave first."""
    joined = (USER_CREATED, UserJoinedTeam(team_id=TEAM))
    other = JoinTeam(id=USER, team_id=EAST)
    message = tenant(*joined).when(other).rejected(AlreadyInTeam, "teamId")
    assert message == f"the user is in team {TEAM}: leave that one first"
    tenant(*joined, UserLeftTeam(left_team_id=TEAM)).when(other).then(UserJoinedTeam(team_id=EAST))


def test_a_repeat_decides_nothing_whatever_came_between() -> None:
    """The same CreateUser again is a repeat."""
    tenant(USER_CREATED, *(event for _, event in CHANGES)).when(CREATE).then()


@pytest.mark.parametrize("other", [{"name": "Bob"}, {"region": "Oregon"}, {"manager_id": BOSS}], ids=str)
def test_an_id_is_used_once(other: dict[str, Any]) -> None:
    """Any other content under the same id is refused."""
    tenant(USER_CREATED).when(msgspec.structs.replace(CREATE, **other)).rejected(UserAlreadyCreated, "id")


@pytest.mark.parametrize("command", [*(command for command, _ in CHANGES), LEAVE], ids=lambda one: type(one).__name__)
def test_who_was_never_created_does_not_change(command: Any) -> None:
    """No change without a user."""
    tenant().when(command).rejected(UserNotFound)


def test_nobody_reports_to_themself() -> None:
    """At creation and later."""
    tenant().when(msgspec.structs.replace(CREATE, manager_id=USER)).rejected(UserManagesThemself, "managerId")
    own = AssignUserManager(id=USER, manager_id=USER)
    tenant(USER_CREATED).when(own).rejected(UserManagesThemself, "managerId")


def test_manager_and_team_must_exist() -> None:
    """Both are of the tenant."""
    nobody = some_id("none")
    tenant().when(msgspec.structs.replace(CREATE, manager_id=nobody)).rejected(UserNotFound, "managerId")
    tenant(USER_CREATED).when(AssignUserManager(id=USER, manager_id=nobody)).rejected(UserNotFound, "managerId")
    tenant(USER_CREATED).when(JoinTeam(id=USER, team_id=nobody)).rejected(TeamNotFound, "teamId")
