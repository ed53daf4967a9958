"""Creating a team, its manager and its region."""

from typing import Any

import msgspec
import pytest

from event_schemas.organisation import TeamCreated, TeamManagerAssigned, TeamRegionAssigned
from tests.support.events import some_id
from tests.support.examples import TEAM, TEAM_CREATED, USER, USER_CREATED
from tests.support.scenario import Given, given
from write_side.domain import team, user
from write_side.domain.references import TeamNotFound, UserNotFound
from write_side.domain.team import AssignTeamManager, AssignTeamRegion, CreateTeam, TeamAlreadyCreated

CREATE = CreateTeam(id=TEAM, name="West")
CHANGES: list[tuple[Any, Any]] = [
    (AssignTeamManager(id=TEAM, manager_id=USER), TeamManagerAssigned(manager_id=USER)),
    (AssignTeamRegion(id=TEAM, region="Oregon"), TeamRegionAssigned(region="Oregon")),
]


def tenant(*events: Any) -> Given:
    """A team's history in a tenant with one user."""
    return given(team.DECIDER, *events).beside(user.DECIDER, USER, USER_CREATED)


def test_a_team_is_created() -> None:
    """With what is known of it."""
    tenant().when(CREATE).then(TEAM_CREATED)
    full = CreateTeam(id=TEAM, name="West", region="Oregon", manager_id=USER)
    tenant().when(full).then(TeamCreated(name="West", region="Oregon", manager_id=USER))


@pytest.mark.parametrize(("command", "event"), CHANGES)
def test_a_team_changes(command: Any, event: Any) -> None:
    """Each change is one event, and none when it already is so."""
    tenant(TEAM_CREATED).when(command).then(event)
    tenant(TEAM_CREATED, event).when(command).then()


def test_manager_and_region_can_be_none() -> None:
    """None takes each of them away."""
    full = TeamCreated(name="West", region="Oregon", manager_id=USER)
    tenant(full).when(AssignTeamManager(id=TEAM, manager_id=None)).then(TeamManagerAssigned(manager_id=None))
    tenant(full).when(AssignTeamRegion(id=TEAM, region=None)).then(TeamRegionAssigned(region=None))


def test_a_repeat_decides_nothing_whatever_came_between() -> None:
    """The same CreateTeam again is a repeat."""
    tenant(TEAM_CREATED, *(event for _, event in CHANGES)).when(CREATE).then()


@pytest.mark.parametrize("other", [{"name": "East"}, {"region": "Oregon"}, {"manager_id": USER}], ids=str)
def test_an_id_is_used_once(other: dict[str, Any]) -> None:
    """Any other content under the same id is refused."""
    tenant(TEAM_CREATED).when(msgspec.structs.replace(CREATE, **other)).rejected(TeamAlreadyCreated, "id")


@pytest.mark.parametrize(("command", "_event"), CHANGES)
def test_what_was_never_created_does_not_change(command: Any, _event: Any) -> None:
    """No change without a team."""
    tenant().when(command).rejected(TeamNotFound)


def test_the_manager_must_exist() -> None:
    """A manager is a user of the tenant, at creation and later."""
    nobody = some_id("none")
    tenant().when(msgspec.structs.replace(CREATE, manager_id=nobody)).rejected(UserNotFound, "managerId")
    tenant(TEAM_CREATED).when(AssignTeamManager(id=TEAM, manager_id=nobody)).rejected(UserNotFound, "managerId")
