"""Forecasts as the reference path makes them: it reads deals and their neighbours, and groups and sums in Python."""

from collections.abc import Sequence
from datetime import UTC
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from read_api.as_of import Asked, Moment
from read_api.compiler.dimensions import Dimension
from read_api.compiler.entities import ACCOUNTS, DEALS, PRODUCTS, STAGES, TEAMS, USERS
from read_api.compiler.sources import Listing
from read_api.graphql.grouped import Entry, Grouped, Names, by_id, rows_of
from read_api.graphql.loaders import moment_of
from read_api.graphql.pages import Page
from read_api.graphql.statement import Arguments


class Figure(msgspec.Struct, frozen=True):
    """Count, sum and the deals behind them."""

    deals_of: Grouped
    key: Names | None
    """None in the totals."""
    currency: str
    status: str
    is_weighted: bool

    async def _entries(self) -> list[Entry]:
        return [each for each in await self.deals_of.entries(self.key) if each.row["status"] == self.status]

    async def count(self) -> int:
        """How many deals."""
        return len(await self._entries())

    async def minor(self) -> int:
        """The sum of their amounts, or of their weighted amounts."""
        return sum(each.weighted if self.is_weighted else each.row["amount_minor"] for each in await self._entries())

    async def deals(self, listing: Listing, first: int | None, after: str | None) -> Page:
        """A page of the deals; raises an ApiError."""
        return await self.deals_of.behind(
            self.key, lambda deal: bool(deal["status"] == self.status), listing, first, after
        )


class Figures:
    """The four figures of a group, or of all deals."""

    def __init__(self, deals: Grouped, key: Names | None, currency: str) -> None:
        self.open = Figure(deals, key, currency, "open", is_weighted=False)
        self.weighted = Figure(deals, key, currency, "open", is_weighted=True)
        self.won = Figure(deals, key, currency, "won", is_weighted=False)
        self.lost = Figure(deals, key, currency, "lost", is_weighted=False)


async def forecast_at(context: Any, asked: Asked, dimensions: Sequence[Dimension], currency: str) -> Grouped:
    """The forecast of a moment; raises an ApiError."""

    async def read(moment: Moment) -> list[Entry]:
        return await _read(context, moment, dimensions, currency)

    def figures(deals: Grouped, key: Names | None) -> Figures:
        return Figures(deals, key, currency)

    return Grouped(context, await moment_of(context, asked), read, figures)


async def _read(context: Any, moment: Moment, dimensions: Sequence[Dimension], currency: str) -> list[Entry]:
    """The deals of a currency, with their weights and keys."""
    arguments = Arguments()
    relation = DEALS.relation(arguments.point(moment))
    wanted = arguments.add(currency, "text")
    deals = await context.transaction.fetch(
        f"select * from {relation} d where d.currency = {wanted}", *arguments.values
    )
    near = await _neighbours(context, moment, deals)
    return [
        Entry(deal, tuple(near.name(each, deal) or "" for each in dimensions), near.weighted(deal)) for deal in deals
    ]


async def _neighbours(context: Any, moment: Moment, deals: Sequence[Any]) -> "_Neighbours":
    users = await by_id(context, USERS, moment, (deal["owner_id"] for deal in deals))
    users |= await by_id(context, USERS, moment, (user["manager_id"] for user in users.values()))
    stages = await rows_of(context, STAGES, moment, (deal["stage_id"] for deal in deals))
    return _Neighbours(
        users,
        await by_id(context, TEAMS, moment, (user["team_id"] for user in users.values())),
        {(row["pipeline_id"], row["id"]): row for row in stages},
        await by_id(context, PRODUCTS, moment, (deal["product_id"] for deal in deals)),
        await by_id(context, ACCOUNTS, moment, (deal["account_id"] for deal in deals)),
    )


class _Neighbours(NamedTuple):
    """What the deals point at, by id."""

    users: dict[UUID, Any]
    teams: dict[UUID, Any]
    stages: dict[tuple[UUID, UUID], Any]
    """By pipeline and stage: two pipelines may have given a stage the same id."""
    products: dict[UUID, Any]
    accounts: dict[UUID, Any]

    def weighted(self, deal: Any) -> int:
        """The amount times the stage's probability, rounded half up."""
        stage = self.stages.get((deal["pipeline_id"], deal["stage_id"]))
        return int((deal["amount_minor"] * (stage["probability"] if stage else 0) + 50) // 100)

    def name(self, dimension: Dimension, deal: Any) -> str | None:
        """What the deal is grouped under; None where that is absent."""
        owner = self.users.get(deal["owner_id"])
        match dimension:
            case Dimension.OWNER:
                return _name(owner)
            case Dimension.MANAGER:
                return _name(self.users.get(owner["manager_id"])) if owner else None
            case Dimension.REGION:
                return owner["region"] if owner else None
            case Dimension.TEAM:
                return _name(self.teams.get(owner["team_id"])) if owner else None
            case Dimension.PRODUCT:
                return _name(self.products.get(deal["product_id"]))
            case Dimension.ACCOUNT:
                return _name(self.accounts.get(deal["account_id"]))
            case Dimension.STAGE:
                return _name(self.stages.get((deal["pipeline_id"], deal["stage_id"])))
            case Dimension.CLOSE_MONTH:
                closed = deal["closed_at"]
                day = closed.astimezone(UTC).date() if closed else deal["expected_close"]
                return f"{day.year:04}-{day.month:02}" if day else None


def _name(row: Any) -> str | None:
    return row["name"] if row else None
