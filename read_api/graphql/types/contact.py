"""Contacts: the people that are known."""

from dataclasses import replace
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from read_api.compiler.entities import ACCOUNTS, CONTACTS, LEADS, USERS
from read_api.compiler.sources import Listing, SortKey, Standing
from read_api.compiler.ties import CONSENTS, CONTACT_ACCOUNTS, CONTACT_RELATIONS, DEALS_OF_CONTACT
from read_api.graphql.fields import column, filters_of, many, nested, one, sort_enum, where
from read_api.graphql.types.activity import Activity, activities
from read_api.graphql.types.deal import DEAL_LIST, Deal, DealFilter, DealSort
from read_api.graphql.types.organisation import User
from read_api.graphql.types.paging import Connection
from read_api.graphql.types.person import Attribute, attributes, of_email, of_phone
from read_api.graphql.types.text import CONTAINS, id_where, instant_from, instant_to, of_team
from read_api.values import parse_id, parse_text

if TYPE_CHECKING:
    from read_api.graphql.types.account import Account
    from read_api.graphql.types.lead import Lead


@strawberry.enum(description="How one contact stands to another.")
class Relation(Enum):
    """As the column says it."""

    REPORTS_TO = "reports_to"
    KNOWS = "knows"


@strawberry.enum(description="By what way a person may be reached.")
class Channel(Enum):
    """As the column says it."""

    EMAIL = "email"
    PHONE = "phone"
    SMS = "sms"
    POST = "post"


@strawberry.type(description="An account that a person works for, or with.")
class ContactAccount:
    """A row of contact_accounts."""

    account: Annotated["Account", strawberry.lazy("read_api.graphql.types.account")] = one(ACCOUNTS, id="account_id")
    role: str | None = column()
    since: datetime = column()


@strawberry.type(description="How a contact stands to another.")
class ContactRelation:
    """A row of contact_relations."""

    other: "Contact" = one(CONTACTS, id="other_id")
    relation: Relation = column()
    since: datetime = column()


@strawberry.type(description="What a person last said to being reached by a channel for a purpose.")
class Consent:
    """A row of contact_consents."""

    channel: Channel = column()
    purpose: str = column()
    given: bool = column("False: it was withdrawn.")
    evidence: str | None = column("How we know; null when it was withdrawn.")
    changed_at: datetime = column()


_DEALS = replace(DEAL_LIST, name="Contact.deals", entity=DEALS_OF_CONTACT)


@strawberry.type(description="A person that we know. Personal data is null once it was erased.")
class Contact:
    """A row of contact_list."""

    id: strawberry.ID = column()
    name: str = column("The person's; else e-mail, phone or external id, whichever is known.")
    person_name: str | None = column()
    job_title: str | None = column()
    email: str | None = column()
    phone: str | None = column()
    external_id: str | None = column()
    attributes: list[Attribute] = attributes()
    owner: User | None = one(USERS, id="owner_id")
    lead: Annotated["Lead", strawberry.lazy("read_api.graphql.types.lead")] | None = one(
        LEADS, id="lead_id", description="The lead that became this contact."
    )
    accounts: list[ContactAccount] = many(
        CONTACT_ACCOUNTS, key="contact_id", order=("since", "account_id"), description="The first one first."
    )
    relations: list[ContactRelation] = many(
        CONTACT_RELATIONS,
        key="contact_id",
        order=("since", "other_id", "relation"),
        description="The first one first.",
    )
    consents: list[Consent] = many(
        CONSENTS, key="contact_id", order=("channel", "purpose"), description="By channel and purpose."
    )
    deals: Connection[Deal] = nested(
        _DEALS,
        key="contact_id",
        filter_type=DealFilter,
        sort_type=DealSort,
        description="The deals that the person takes part in.",
    )
    activities: Connection[Activity] = activities("contact")
    archived: bool = column("No longer worked with; merged ones are archived too.")
    merged_into: "Contact | None" = one(CONTACTS, id="merged_into_id", description="The same person, that goes on.")
    created_at: datetime = column()
    version: int = column()


@strawberry.input(
    description="Conditions that all hold; null is as if absent. Bounds are included. Archived contacts are shown only"
    " to `archived: true`, merged ones only to `merged: true`."
)
class ContactFilter:
    """What is hidden usually is in CONTACT_LIST."""

    owner_id: strawberry.ID | None = id_where("owner_id")
    team_id: strawberry.ID | None = of_team()
    account_id: strawberry.ID | None = where(
        "exists (select from contact_accounts l where l.contact_id = {row}.id and l.account_id = {value})",
        "uuid",
        parse=parse_id,
        as_of="exists (select from contact_accounts_as_of({p}, {t}, false) l"
        " where l.contact_id = {row}.id and l.account_id = {value})",
    )
    email: str | None = of_email()
    phone: str | None = of_phone()
    external_id: str | None = where("{row}.external_id = {value}", "text", parse=parse_text)
    archived: bool | None = where("{row}.archived = {value}", "boolean")
    merged: bool | None = where("({row}.merged_into_id is not null) = {value}", "boolean")
    created_from: datetime | None = instant_from("created_at")
    created_to: datetime | None = instant_to("created_at")
    name_contains: str | None = where(CONTAINS, "text", parse=parse_text)


_SORTS = {"NAME": SortKey("name", "text"), "CREATED_AT": SortKey("created_at", "timestamptz")}
ContactSort = sort_enum("ContactSort", _SORTS)
CONTACT_LIST = Listing(
    "contacts",
    CONTACTS,
    _SORTS,
    "NAME_ASC",
    filters_of(ContactFilter),
    (
        Standing("not {row}.archived", frozenset({"archived", "merged"})),
        Standing("{row}.merged_into_id is null", frozenset({"merged"})),
    ),
)
