"""Accounts, and the lists below one."""

from dataclasses import replace
from datetime import datetime

import strawberry

from read_api.compiler.entities import ACCOUNTS, USERS
from read_api.compiler.sources import Listing, SortKey
from read_api.compiler.ties import ACCOUNT_TIMELINE, CONTACTS_OF_ACCOUNT
from read_api.graphql.fields import column, embedded, filters_of, nested, one, sort_enum, where
from read_api.graphql.types.activity import Activity, activities
from read_api.graphql.types.contact import CONTACT_LIST, Contact, ContactFilter, ContactSort
from read_api.graphql.types.deal import DEAL_LIST, Deal, DealFilter, DealSort
from read_api.graphql.types.money import Money
from read_api.graphql.types.organisation import User
from read_api.graphql.types.paging import Connection
from read_api.graphql.types.text import CONTAINS
from read_api.graphql.types.timeline import TIMELINE_LIST, TimelineConnection, nested_timeline
from read_api.values import parse_id, parse_text


@strawberry.input
class AccountFilter:
    """Conditions that all hold; null is as if absent."""

    sector: str | None = where("{row}.sector = {value}", "text", parse=parse_text)
    owner_id: strawberry.ID | None = where("{row}.owner_id = {value}", "uuid", parse=parse_id)
    parent_id: strawberry.ID | None = where("{row}.parent_id = {value}", "uuid", parse=parse_id)
    territory: str | None = where("{row}.territory = {value}", "text", parse=parse_text)
    archived: bool | None = where("{row}.archived = {value}", "boolean")
    name_contains: str | None = where(CONTAINS, "text", parse=parse_text)


_SORTS = {"NAME": SortKey("name", "text"), "OPENED_AT": SortKey("opened_at", "timestamptz")}
AccountSort = sort_enum("AccountSort", _SORTS)
ACCOUNT_LIST = Listing("accounts", ACCOUNTS, _SORTS, "NAME_ASC", filters_of(AccountFilter))
_CHILDREN = replace(ACCOUNT_LIST, name="Account.children")
_DEALS = replace(DEAL_LIST, name="Account.deals")
_CONTACTS = replace(CONTACT_LIST, name="Account.contacts", entity=CONTACTS_OF_ACCOUNT)
_TIMELINE = replace(TIMELINE_LIST, name="Account.timeline", entity=ACCOUNT_TIMELINE)


@strawberry.type(description="A company that deals are made with.")
class Account:
    """A row of account_list, and the parent that account_tree says."""

    id: strawberry.ID = column()
    name: str = column()
    sector: str | None = column()
    year_established: int | None = column()
    revenue: Money | None = embedded(Money, minor="revenue_minor", currency="revenue_currency")
    employees: int | None = column()
    location: str | None = column()
    territory: str | None = column()
    owner: User | None = one(USERS, id="owner_id")
    parent: "Account | None" = one(ACCOUNTS, id="parent_id")
    children: Connection["Account"] = nested(
        _CHILDREN, key="parent_id", filter_type=AccountFilter, sort_type=AccountSort, description="Its subsidiaries."
    )
    deals: Connection[Deal] = nested(
        _DEALS, key="account_id", filter_type=DealFilter, sort_type=DealSort, description="The deals with it."
    )
    contacts: Connection[Contact] = nested(
        _CONTACTS,
        key="account_id",
        filter_type=ContactFilter,
        sort_type=ContactSort,
        description="Its people, by name.",
    )
    activities: Connection[Activity] = activities("account")
    timeline: TimelineConnection = nested_timeline(
        _TIMELINE,
        key="account_id",
        description="What happened to it, its contacts, its deals, and the activities about any of them,"
        " the first event first.",
    )
    archived: bool = column("No longer worked on.")
    merged_into: "Account | None" = one(ACCOUNTS, id="merged_into_id", description="The same company, that goes on.")
    opened_at: datetime = column()
    version: int = column()
