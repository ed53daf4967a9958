"""Leads: who might buy."""

from datetime import datetime
from enum import Enum

import strawberry

from read_api.compiler.entities import ACCOUNTS, CONTACTS, DEALS, LEADS, USERS
from read_api.compiler.sources import Listing, SortKey, Standing
from read_api.graphql.fields import column, filters_of, one, sort_enum, texts, where
from read_api.graphql.types.account import Account
from read_api.graphql.types.activity import Activity, activities
from read_api.graphql.types.contact import Contact
from read_api.graphql.types.deal import Deal
from read_api.graphql.types.organisation import User
from read_api.graphql.types.paging import Connection
from read_api.graphql.types.person import Attribute, attributes, of_email, of_phone
from read_api.graphql.types.text import CONTAINS, id_where, instant_from, instant_to, of_team
from read_api.values import parse_text


@strawberry.enum(description="How a lead stands.")
class LeadStatus(Enum):
    """As the column says it."""

    NEW = "new"
    QUALIFIED = "qualified"
    DISQUALIFIED = "disqualified"
    CONVERTED = "converted"
    MERGED = "merged"


@strawberry.enum(description="Why a lead is not worth following.")
class DisqualificationReason(Enum):
    """As the column says it."""

    NO_INTEREST = "no_interest"
    NO_BUDGET = "no_budget"
    NO_FIT = "no_fit"
    NOT_REACHED = "not_reached"
    INVALID_DATA = "invalid_data"
    DUPLICATE = "duplicate"
    OTHER = "other"


@strawberry.enum(description="How far it is with what a converted lead becomes.")
class Conversion(Enum):
    """As the column says it."""

    PENDING = "pending"
    COMPLETED = "completed"
    FAILED = "failed"


@strawberry.enum(description="What a conversion makes or links, in this order.")
class ConversionStep(Enum):
    """As the column says it."""

    ACCOUNT = "account"
    CONTACT = "contact"
    DEAL = "deal"


@strawberry.type(description="Somebody who might buy. Personal data is null once it was erased.")
class Lead:
    """A row of lead_list."""

    id: strawberry.ID = column()
    name: str = column("The person's; else company, e-mail, phone or external id, whichever is known.")
    person_name: str | None = column()
    job_title: str | None = column()
    email: str | None = column()
    phone: str | None = column()
    company: str | None = column()
    source: str | None = column()
    campaign: str | None = column()
    external_id: str | None = column()
    attributes: list[Attribute] = attributes()
    owner: User | None = one(USERS, id="owner_id")
    status: LeadStatus = column()
    score: int | None = column("0 to 100.")
    score_model: str | None = column("What, or who, gave the score.")
    score_reasons: list[str] = texts("score_reasons")
    disqualification_reason: DisqualificationReason | None = column()
    disqualification_detail: str | None = column()
    conversion: Conversion | None = column("Null until the lead is converted.")
    conversion_step: ConversionStep | None = column("Where the conversion failed.")
    conversion_code: str | None = column("Why, as the rule that refused it is called.")
    conversion_reason: str | None = column("Why, in words.")
    account: Account | None = one(ACCOUNTS, id="account_id", description="What the lead became.")
    contact: Contact | None = one(CONTACTS, id="contact_id", description="What the lead became.")
    deal: Deal | None = one(DEALS, id="deal_id", description="What the lead became.")
    merged_into: "Lead | None" = one(LEADS, id="merged_into_id", description="The same lead, that goes on.")
    activities: Connection[Activity] = activities("lead")
    archived: bool = column("No longer followed.")
    captured_at: datetime = column()
    qualified_at: datetime | None = column()
    converted_at: datetime | None = column()
    version: int = column()


@strawberry.input(
    description="Conditions that all hold; null is as if absent. Bounds are included. Archived leads are shown only to"
    " `archived: true`, merged ones only to `status: MERGED`."
)
class LeadFilter:
    """What is hidden usually is in LEAD_LIST."""

    status: LeadStatus | None = where("{row}.status = {value}", "text")
    owner_id: strawberry.ID | None = id_where("owner_id")
    team_id: strawberry.ID | None = of_team()
    source: str | None = where("{row}.source = {value}", "text", parse=parse_text)
    campaign: str | None = where("{row}.campaign = {value}", "text", parse=parse_text)
    company: str | None = where("{row}.company = {value}", "text", parse=parse_text)
    email: str | None = of_email()
    phone: str | None = of_phone()
    external_id: str | None = where("{row}.external_id = {value}", "text", parse=parse_text)
    account_id: strawberry.ID | None = id_where("account_id")
    conversion: Conversion | None = where("{row}.conversion = {value}", "text")
    score_min: int | None = where("{row}.score >= {value}", "integer")
    score_max: int | None = where("{row}.score <= {value}", "integer")
    captured_from: datetime | None = instant_from("captured_at")
    captured_to: datetime | None = instant_to("captured_at")
    qualified_from: datetime | None = instant_from("qualified_at")
    qualified_to: datetime | None = instant_to("qualified_at")
    converted_from: datetime | None = instant_from("converted_at")
    converted_to: datetime | None = instant_to("converted_at")
    archived: bool | None = where("{row}.archived = {value}", "boolean")
    name_contains: str | None = where(CONTAINS, "text", parse=parse_text)


_SORTS = {
    "CAPTURED_AT": SortKey("captured_at", "timestamptz"),
    "NAME": SortKey("name", "text"),
    "SCORE": SortKey("score", "bigint", nullable=True),
    "CONVERTED_AT": SortKey("converted_at", "timestamptz", nullable=True),
}
LeadSort = sort_enum("LeadSort", _SORTS)
LEAD_LIST = Listing(
    "leads",
    LEADS,
    _SORTS,
    "CAPTURED_AT_DESC",
    filters_of(LeadFilter),
    (
        Standing("not {row}.archived", frozenset({"archived"})),
        Standing("{row}.status <> 'merged'", frozenset({"status"})),
    ),
)
