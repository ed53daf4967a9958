"""Conditions that several filters share."""

from typing import Any

from read_api.graphql.fields import where
from read_api.values import parse_id

CONTAINS = "position(lower({value}) in lower({row}.name)) > 0"
"""Without regard to case; the empty string is in every name."""


def id_where(column: str) -> Any:
    """A filter's field: the column is this id."""
    return where(f"{{row}}.{column} = {{value}}", "uuid", parse=parse_id)


def of_team() -> Any:
    """A filter's field: the owner is in this team."""
    return where(
        "exists (select from user_list u where u.id = {row}.owner_id and u.team_id = {value})",
        "uuid",
        parse=parse_id,
        as_of="exists (select from users_as_of({p}, {t}, true) u where u.id = {row}.owner_id and u.team_id = {value})",
    )


def instant_from(column: str) -> Any:
    """A filter's field: the column's instant is this one, or later."""
    return where(f"{{row}}.{column} >= {{value}}", "timestamptz")


def instant_to(column: str) -> Any:
    """A filter's field: the column's instant is this one, or earlier."""
    return where(f"{{row}}.{column} <= {{value}}", "timestamptz")
