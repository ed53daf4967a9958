"""What is to be done, and how much was."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any

import strawberry
from strawberry.types import Info

from read_api.compiler.entities import ACTIVITIES, ACTIVITY_COUNTS, USERS
from read_api.compiler.sources import Filter, Listing, Pages, Rows, SortKey, Standing
from read_api.errors import bad_request
from read_api.graphql.fields import DEFAULT_FIRST, UNSET, column, one, resolved
from read_api.graphql.lists import ListArguments, all_rows, page
from read_api.graphql.types.activity import ActivityKind
from read_api.graphql.types.organisation import User
from read_api.values import parse_id

MOST_DAYS = 366
"""Of which activities are counted at once."""

_OF_OWNER = Filter("{row}.owner_id = {value}", "uuid", parse_id)
AGENDA = Listing(
    "agenda",
    ACTIVITIES,
    {"DUE_AT": SortKey("due_at", "timestamptz", nullable=True)},
    "DUE_AT_ASC",
    standing=(Standing("{row}.status = 'open'"),),
)


def agenda(description: str) -> Any:
    """The root field."""
    source = Pages(AGENDA, arguments={"ownerId": _OF_OWNER})

    async def resolve(
        info: Info,
        owner_id: strawberry.ID | None = UNSET,
        first: int | None = DEFAULT_FIRST,
        after: str | None = UNSET,
        read_after: str | None = UNSET,
    ) -> Any:
        fixed = ((_OF_OWNER, parse_id(owner_id)),) if owner_id else ()
        return await page(info.context, source, ListArguments(first, after, UNSET, UNSET), fixed=fixed)

    return resolved(resolve, source, description)


@strawberry.type(description="How many activities of a kind somebody did on a day.")
class ActivityCount:
    """A row of activity_counts."""

    owner: User | None = one(USERS, id="user_id", description="Null: nobody's.")
    kind: ActivityKind = column()
    day: date = column("UTC, of when they were done.")
    done: int = column()


def _check(sent: Mapping[str, Any]) -> None:
    if not timedelta(0) <= sent["to"] - sent["from"] < timedelta(days=MOST_DAYS):
        raise bad_request(f"`to` is the day of `from`, or one of the {MOST_DAYS - 1} days after it")


COUNTS = Rows(
    ACTIVITY_COUNTS,
    {
        "from": Filter("{row}.day >= {value}", "date"),
        "to": Filter("{row}.day <= {value}", "date"),
        "ownerId": _OF_OWNER,
    },
    ("day", "owner_id", "kind"),
    _check,
)


def activity_counts(description: str) -> Any:
    """The root field."""

    async def resolve(
        info: Info,
        from_: Annotated[date, strawberry.argument(name="from")],
        to: date,
        owner_id: strawberry.ID | None = UNSET,
        read_after: str | None = UNSET,
    ) -> Any:
        return await all_rows(info.context, COUNTS, {"from": from_, "to": to, "ownerId": owner_id or None})

    return resolved(resolve, COUNTS, description)
