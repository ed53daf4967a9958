"""Activities: what was done, and what is to be done."""

from dataclasses import replace
from datetime import datetime
from enum import Enum
from typing import Any

import strawberry

from read_api.compiler.entities import ACTIVITIES, USERS
from read_api.compiler.sources import Listing, SortKey
from read_api.compiler.ties import RELATED, activities_of
from read_api.graphql.fields import column, filters_of, many, nested, one, sort_enum, told, where
from read_api.graphql.rows import Row
from read_api.graphql.types.organisation import User
from read_api.graphql.types.reference import EntityRef
from read_api.graphql.types.text import CONTAINS, id_where, instant_from, instant_to, of_team
from read_api.values import parse_id, parse_text


@strawberry.enum(description="What sort of activity it is.")
class ActivityKind(Enum):
    """As the column says it."""

    CALL = "call"
    MEETING = "meeting"
    EMAIL = "email"
    NOTE = "note"
    TASK = "task"


@strawberry.enum(description="How an activity stands.")
class ActivityStatus(Enum):
    """As the column says it."""

    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"


def _overdue(row: Row) -> bool:
    due = row.record["due_at"]
    return row.record["status"] == "open" and due is not None and bool(due < row.moment.at)


@strawberry.type(description="A call, meeting, e-mail, note or task.")
class Activity:
    """A row of activity_list."""

    id: strawberry.ID = column()
    name: str = column("The subject; empty once it was erased.")
    kind: ActivityKind = column()
    subject: str | None = column()
    body: str | None = column()
    status: ActivityStatus = column()
    owner: User | None = one(USERS, id="owner_id")
    related: list[EntityRef] = many(
        RELATED, key="activity_id", order=("kind", "id"), description="What it is about, by kind and id."
    )
    due_at: datetime | None = column()
    overdue: bool = told(
        "coalesce({row}.status = 'open' and {row}.due_at < {at}, false)",
        _overdue,
        "Open though it was due: now, or at the moment of asOf.",
    )
    minutes: int | None = column("How long it took.")
    outcome: str | None = column()
    reason: str | None = column("Why it was cancelled.")
    created_at: datetime = column("When it was scheduled, or happened.")
    done_at: datetime | None = column()
    version: int = column()


@strawberry.input
class ActivityFilter:
    """Conditions that all hold; null is as if absent. Bounds are included."""

    kind: ActivityKind | None = where("{row}.kind = {value}", "text")
    status: ActivityStatus | None = where("{row}.status = {value}", "text")
    owner_id: strawberry.ID | None = id_where("owner_id")
    team_id: strawberry.ID | None = of_team()
    related_id: strawberry.ID | None = where(
        "exists (select from activity_related r where r.activity_id = {row}.id and r.entity_id = {value})",
        "uuid",
        parse=parse_id,
        as_of="exists (select from activity_related_as_of({p}, {t}, false) r"
        " where r.activity_id = {row}.id and r.entity_id = {value})",
    )
    due_from: datetime | None = instant_from("due_at")
    due_to: datetime | None = instant_to("due_at")
    created_from: datetime | None = instant_from("created_at")
    created_to: datetime | None = instant_to("created_at")
    done_from: datetime | None = instant_from("done_at")
    done_to: datetime | None = instant_to("done_at")
    name_contains: str | None = where(CONTAINS, "text", parse=parse_text)


_SORTS = {
    "CREATED_AT": SortKey("created_at", "timestamptz"),
    "DUE_AT": SortKey("due_at", "timestamptz", nullable=True),
    "NAME": SortKey("name", "text"),
}
ActivitySort = sort_enum("ActivitySort", _SORTS)
ACTIVITY_LIST = Listing("activities", ACTIVITIES, _SORTS, "CREATED_AT_DESC", filters_of(ActivityFilter))


def activities(kind: str) -> Any:
    """The field of an entity of a kind: the activities about it."""
    listing = replace(ACTIVITY_LIST, name=f"{kind.title()}.activities", entity=activities_of(kind))
    return nested(
        listing,
        key="entity_id",
        filter_type=ActivityFilter,
        sort_type=ActivitySort,
        description=f"The activities about the {kind}, the newest first.",
    )
