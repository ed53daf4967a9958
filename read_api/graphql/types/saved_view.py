"""Saved views: lists that somebody keeps for later."""

from datetime import datetime
from enum import Enum

import strawberry

from read_api.compiler.entities import SAVED_VIEWS
from read_api.compiler.sources import Listing, SortKey, Standing
from read_api.graphql.fields import column, filters_of, sort_enum, where
from read_api.graphql.types.text import CONTAINS
from read_api.values import parse_text


@strawberry.enum(description="What can be listed.")
class ListedKind(Enum):
    """As the column says it."""

    LEAD = "lead"
    CONTACT = "contact"
    ACCOUNT = "account"
    DEAL = "deal"
    ACTIVITY = "activity"


@strawberry.type(description="A list of some kind, with its filter and sort, under a name.")
class SavedView:
    """A row of saved_view_list."""

    id: strawberry.ID = column()
    kind: ListedKind = column()
    name: str = column()
    filter: str = column("As the list's `filter` argument takes it, as JSON.")
    sort: str | None = column("As the list's `sort` argument takes it.")
    shared: bool = column("Everybody of the tenant sees it; otherwise its owner alone.")
    owner: str = column("The user whose view it is, as the token names them.")
    created_at: datetime = column()
    version: int = column()


@strawberry.input
class SavedViewFilter:
    """Conditions that all hold; null is as if absent."""

    kind: ListedKind | None = where("{row}.kind = {value}", "text")
    shared: bool | None = where("{row}.shared = {value}", "boolean")
    name_contains: str | None = where(CONTAINS, "text", parse=parse_text)


_SORTS = {"NAME": SortKey("name", "text"), "CREATED_AT": SortKey("created_at", "timestamptz")}
SavedViewSort = sort_enum("SavedViewSort", _SORTS)
SAVED_VIEW_LIST = Listing(
    "savedViews",
    SAVED_VIEWS,
    _SORTS,
    "NAME_ASC",
    filters_of(SavedViewFilter),
    (Standing("({row}.shared or {row}.owner = {user})"),),
)
