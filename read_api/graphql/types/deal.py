"""Deals and their stays in stages."""

from datetime import date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import orjson
import strawberry

from read_api.compiler.entities import ACCOUNTS, CONTACTS, DEALS, PIPELINES, PRODUCTS, STAGES, STAYS, USERS
from read_api.compiler.sources import Listing, SortKey
from read_api.compiler.ties import DEAL_CONTACTS
from read_api.graphql.fields import column, days_since, embedded, filters_of, items, many, one, sort_enum, where
from read_api.graphql.types.activity import Activity, activities
from read_api.graphql.types.money import Money
from read_api.graphql.types.organisation import User
from read_api.graphql.types.paging import Connection
from read_api.graphql.types.pipeline import Pipeline, Stage
from read_api.graphql.types.product import Product
from read_api.graphql.types.scalars import BigInt
from read_api.graphql.types.text import CONTAINS, of_team
from read_api.values import parse_id, parse_text

if TYPE_CHECKING:
    from read_api.graphql.types.account import Account
    from read_api.graphql.types.contact import Contact


@strawberry.enum(description="How a deal stands.")
class DealStatus(Enum):
    """As the column says it."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


@strawberry.enum(description="Why a deal was lost.")
class LossReason(Enum):
    """As the column says it."""

    PRICE = "price"
    COMPETITOR = "competitor"
    NO_BUDGET = "no_budget"
    NO_DECISION = "no_decision"
    TIMING = "timing"
    FIT = "fit"
    OTHER = "other"
    UNKNOWN = "unknown"


@strawberry.type(description="A deal's stay in a stage.")
class StageStay:
    """A row of deal_stage_history."""

    stage: Stage = one(STAGES, id="stage_id", pipeline_id="pipeline_id")
    entered_at: datetime = column()
    left_at: datetime | None = column("Null while the deal is there.")


@strawberry.type(description="A contact's part in a deal.")
class DealContact:
    """A row of deal_contacts."""

    contact: Annotated["Contact", strawberry.lazy("read_api.graphql.types.contact")] = one(CONTACTS, id="contact_id")
    role: str | None = column()
    since: datetime = column()


@strawberry.type(description="So many of a product, at a price each, less a discount.")
class DealLineItem:
    """An item of the column ``line_items``, in the deal's currency."""

    product: Product = one(PRODUCTS, id="product_id")
    quantity: int = column()
    unit_price: Money = embedded(Money, minor="unit_price_minor", currency="currency")
    discount: int = column("Hundredths of a per cent: 10,000 is all of it.")
    total: Money = embedded(Money, minor="total_minor", currency="currency")


_LINE_ITEMS = (
    "(select e.n, i.*, {row}.currency,"
    " div(i.quantity::numeric * i.unit_price_minor * (10000 - i.discount) + 5000, 10000)::bigint as total_minor"
    " from jsonb_array_elements({row}.line_items) with ordinality e (item, n) cross join lateral"
    " (select (e.item->>'product_id')::uuid as product_id, (e.item->>'quantity')::integer as quantity,"
    " (e.item->>'unit_price_minor')::bigint as unit_price_minor, (e.item->>'discount')::integer as discount) i)"
)


def _line_items(record: Any) -> list[dict[str, Any]]:
    """As _LINE_ITEMS: the total is rounded half up."""
    return [
        {
            **item,
            "product_id": UUID(item["product_id"]),
            "currency": record["currency"],
            "total_minor": (item["quantity"] * item["unit_price_minor"] * (10_000 - item["discount"]) + 5_000)
            // 10_000,
        }
        for item in orjson.loads(record["line_items"])
    ]


@strawberry.type(description="A chance of a sale.")
class Deal:
    """A row of deal_board."""

    id: strawberry.ID = column()
    name: str = column()
    pipeline: Pipeline = one(PIPELINES, id="pipeline_id")
    stage: Stage = one(STAGES, id="stage_id", pipeline_id="pipeline_id")
    status: DealStatus = column()
    amount: Money = embedded(Money, minor="amount_minor", currency="currency")
    account: Annotated["Account", strawberry.lazy("read_api.graphql.types.account")] | None = one(
        ACCOUNTS, id="account_id"
    )
    owner: User | None = one(USERS, id="owner_id")
    product: Product | None = one(PRODUCTS, id="product_id")
    expected_close: date | None = column()
    opened_at: datetime = column()
    closed_at: datetime | None = column()
    stage_entered_at: datetime = column()
    days_in_stage: int = days_since(
        "stage_entered_at", "Whole days since the deal entered its stage: until now, or until the moment of asOf."
    )
    loss_reason: LossReason | None = column()
    loss_detail: str | None = column()
    stage_history: list[StageStay] = many(
        STAYS, key="deal_id", order=("entry",), description="Every stay, the first one first."
    )
    contacts: list[DealContact] = many(
        DEAL_CONTACTS, key="deal_id", order=("since", "contact_id"), description="Who takes part, the first one first."
    )
    line_items: list[DealLineItem] = items(
        _LINE_ITEMS, _line_items, "What the amount is the sum of, where there are any."
    )
    activities: Connection[Activity] = activities("deal")
    version: int = column()


@strawberry.input
class DealFilter:
    """Conditions that all hold; null is as if absent. Bounds are included."""

    status: DealStatus | None = where("{row}.status = {value}", "text")
    stage_id: strawberry.ID | None = where("{row}.stage_id = {value}", "uuid", parse=parse_id)
    pipeline_id: strawberry.ID | None = where("{row}.pipeline_id = {value}", "uuid", parse=parse_id)
    owner_id: strawberry.ID | None = where("{row}.owner_id = {value}", "uuid", parse=parse_id)
    account_id: strawberry.ID | None = where("{row}.account_id = {value}", "uuid", parse=parse_id)
    product_id: strawberry.ID | None = where("{row}.product_id = {value}", "uuid", parse=parse_id)
    team_id: strawberry.ID | None = of_team()
    contact_id: strawberry.ID | None = where(
        "exists (select from deal_contacts l where l.deal_id = {row}.id and l.contact_id = {value})",
        "uuid",
        parse=parse_id,
        as_of="exists (select from deal_contacts_as_of({p}, {t}, false) l"
        " where l.deal_id = {row}.id and l.contact_id = {value})",
    )
    amount_min: BigInt | None = where("{row}.amount_minor >= {value}", "bigint")
    amount_max: BigInt | None = where("{row}.amount_minor <= {value}", "bigint")
    expected_close_from: date | None = where("{row}.expected_close >= {value}", "date")
    expected_close_to: date | None = where("{row}.expected_close <= {value}", "date")
    opened_from: datetime | None = where("{row}.opened_at >= {value}", "timestamptz")
    opened_to: datetime | None = where("{row}.opened_at <= {value}", "timestamptz")
    closed_from: datetime | None = where("{row}.closed_at >= {value}", "timestamptz")
    closed_to: datetime | None = where("{row}.closed_at <= {value}", "timestamptz")
    name_contains: str | None = where(CONTAINS, "text", parse=parse_text)


_SORTS = {
    "OPENED_AT": SortKey("opened_at", "timestamptz"),
    "NAME": SortKey("name", "text"),
    "AMOUNT": SortKey("amount_minor", "bigint"),
    "EXPECTED_CLOSE": SortKey("expected_close", "date", nullable=True),
}
DealSort = sort_enum("DealSort", _SORTS)
DEAL_LIST = Listing("deals", DEALS, _SORTS, "OPENED_AT_DESC", filters_of(DealFilter))
