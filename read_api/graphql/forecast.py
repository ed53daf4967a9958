"""Forecasts as the reference path makes them: it reads deals and their neighbours, and groups and sums in Python."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from read_api.as_of import Asked, Moment, asked_by_cursor
from read_api.compiler.arguments import page_size
from read_api.compiler.dimensions import Dimension
from read_api.compiler.entities import ACCOUNTS, DEALS, PRODUCTS, STAGES, TEAMS, USERS
from read_api.compiler.sources import Entity, Listing, Sort
from read_api.cursors import decode
from read_api.graphql.loaders import moment_of, shared
from read_api.graphql.pages import Page, Query
from read_api.graphql.statement import Arguments

Names = tuple[str, ...]


class Entry(NamedTuple):
    """A deal as a forecast sees it."""

    deal: Any
    weighted: int
    key: Names


class Figure(msgspec.Struct, frozen=True):
    """Count, sum and the deals behind them."""

    forecast: "Forecast"
    key: Names | None
    """None in the totals."""
    status: str
    is_weighted: bool

    async def entries(self, moment: Moment) -> list[Entry]:
        """The figure's deals at a moment."""
        return [
            each
            for each in await self.forecast.entries(moment)
            if each.deal["status"] == self.status and self.key in (None, each.key)
        ]

    async def count(self) -> int:
        """How many deals."""
        return len(await self.entries(self.forecast.moment))

    async def minor(self) -> int:
        """The sum of their amounts, or of their weighted amounts."""
        entries = await self.entries(self.forecast.moment)
        return sum(each.weighted if self.is_weighted else each.deal["amount_minor"] for each in entries)

    async def deals(self, listing: Listing, first: int | None, after: str | None) -> Page:
        """A page of the deals; raises an ApiError."""
        sort = listing.sort(None)
        size = page_size(first)
        cursor = decode(listing.name, sort.name, sort.key.type, after) if after is not None else None
        moment = self.forecast.moment
        if cursor is not None:
            moment = await moment_of(self.forecast.context, asked_by_cursor(cursor))
        deals = sorted(
            (each.deal for each in await self.entries(moment)), key=lambda deal: _place(deal, sort), reverse=True
        )
        rest = [deal for deal in deals if cursor is None or _place(deal, sort) < (cursor.key, cursor.id)]
        return Page(Query(listing, sort, size, (), cursor, moment), rest[: size + 1], _answer(len(deals)))


def _place(deal: Any, sort: Sort) -> tuple[Any, UUID]:
    return deal[sort.key.column], deal["id"]


def _answer(value: int) -> Callable[[], Awaitable[int]]:
    async def answer() -> int:
        return value

    return answer


class Figures:
    """The four figures of a group, or of all deals."""

    def __init__(self, forecast: "Forecast", key: Names | None) -> None:
        self.open = Figure(forecast, key, "open", is_weighted=False)
        self.weighted = Figure(forecast, key, "open", is_weighted=True)
        self.won = Figure(forecast, key, "won", is_weighted=False)
        self.lost = Figure(forecast, key, "lost", is_weighted=False)


class Group(msgspec.Struct, frozen=True):
    """A group and its figures."""

    key: Names
    figures: Figures


class Forecast:
    """The deals of a currency as of a moment, by dimensions."""

    def __init__(self, context: Any, moment: Moment, dimensions: Sequence[Dimension], currency: str) -> None:
        self.context = context
        self.moment = moment
        self.currency = currency
        self._dimensions = dimensions
        self._entries: dict[Moment, asyncio.Future[list[Entry]]] = {}
        self.totals = Figures(self, None)

    @property
    def position(self) -> str:
        """As of which position."""
        return str(self.moment.position)

    async def groups(self) -> list[Group]:
        """Every group that has a deal, in the order of the keys' code points."""
        if not self._dimensions:
            return []
        keys = {each.key for each in await self.entries(self.moment)}
        return [Group(key, Figures(self, key)) for key in sorted(keys)]

    async def entries(self, moment: Moment) -> list[Entry]:
        """All deals with their weights and keys; read once, though many figures ask."""
        if moment not in self._entries:
            self._entries[moment] = asyncio.ensure_future(self._read(moment))
        return await shared(self._entries[moment])

    async def _read(self, moment: Moment) -> list[Entry]:
        arguments = Arguments()
        relation = DEALS.relation(arguments.point(moment))
        currency = arguments.add(self.currency, "text")
        deals = await self.context.transaction.fetch(
            f"select * from {relation} d where d.currency = {currency}", *arguments.values
        )
        neighbours = await self._neighbours(moment, deals)
        return [Entry(deal, neighbours.weighted(deal), self._key(neighbours, deal)) for deal in deals]

    def _key(self, neighbours: "_Neighbours", deal: Any) -> Names:
        return tuple(neighbours.name(dimension, deal) or "" for dimension in self._dimensions)

    async def _neighbours(self, moment: Moment, deals: Sequence[Any]) -> "_Neighbours":
        async def rows_of(entity: Entity, ids: Iterable[UUID | None]) -> Sequence[Any]:
            arguments = Arguments()
            relation = entity.relation(arguments.point(moment), early=True)
            wanted = arguments.add([each for each in set(ids) if each is not None], "uuid[]")
            rows: Sequence[Any] = await self.context.transaction.fetch(
                f"select * from {relation} i where i.id = any({wanted})", *arguments.values
            )
            return rows

        async def read(entity: Entity, ids: Iterable[UUID | None]) -> dict[UUID, Any]:
            return {row["id"]: row for row in await rows_of(entity, ids)}

        users = await read(USERS, (deal["owner_id"] for deal in deals))
        users |= await read(USERS, (user["manager_id"] for user in users.values()))
        return _Neighbours(
            users,
            await read(TEAMS, (user["team_id"] for user in users.values())),
            {(row["pipeline_id"], row["id"]): row for row in await rows_of(STAGES, (d["stage_id"] for d in deals))},
            await read(PRODUCTS, (deal["product_id"] for deal in deals)),
            await read(ACCOUNTS, (deal["account_id"] for deal in deals)),
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


async def forecast_at(context: Any, asked: Asked, dimensions: Sequence[Dimension], currency: str) -> Forecast:
    """The forecast of a moment; raises an ApiError."""
    return Forecast(context, await moment_of(context, asked), dimensions, currency)
