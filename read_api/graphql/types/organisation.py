"""Teams and users."""

from datetime import datetime

import strawberry

from read_api.compiler.entities import TEAMS, USERS
from read_api.compiler.sources import Listing, SortKey
from read_api.graphql.fields import column, filters_of, many, one, sort_enum, where
from read_api.graphql.types.text import CONTAINS
from read_api.values import parse_text


@strawberry.type(description="A person of the tenant who works with the CRM.")
class User:
    """A row of user_list."""

    id: strawberry.ID = column()
    name: str = column()
    region: str | None = column()
    team: "Team | None" = one(TEAMS, id="team_id")
    manager: "User | None" = one(USERS, id="manager_id")
    created_at: datetime = column()
    version: int = column()


@strawberry.type(description="A sales team.")
class Team:
    """A row of team_list."""

    id: strawberry.ID = column()
    name: str = column()
    region: str | None = column()
    manager: User | None = one(USERS, id="manager_id")
    members: list[User] = many(USERS, key="team_id", order=("name", "id"), description="By name.")
    created_at: datetime = column()
    version: int = column()


@strawberry.input
class UserFilter:
    """Conditions that all hold; null is as if absent."""

    name_contains: str | None = where(CONTAINS, "text", parse=parse_text)


@strawberry.input
class TeamFilter:
    """Conditions that all hold; null is as if absent."""

    name_contains: str | None = where(CONTAINS, "text", parse=parse_text)


_SORTS = {"NAME": SortKey("name", "text"), "CREATED_AT": SortKey("created_at", "timestamptz")}
UserSort = sort_enum("UserSort", _SORTS)
TeamSort = sort_enum("TeamSort", _SORTS)
USER_LIST = Listing("users", USERS, _SORTS, "NAME_ASC", filters_of(UserFilter))
TEAM_LIST = Listing("teams", TEAMS, _SORTS, "NAME_ASC", filters_of(TeamFilter))
