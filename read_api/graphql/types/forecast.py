"""The forecast: what is open, to be expected, won and lost."""

from dataclasses import replace
from typing import Any

import strawberry
from strawberry.types import Info

from read_api.compiler.dimensions import Dimension
from read_api.compiler.forecast import USUAL_CURRENCY, currency_of
from read_api.compiler.grouped import dimensions_of
from read_api.compiler.sources import FigurePages, ForecastRoot
from read_api.graphql import forecast as reference
from read_api.graphql.fields import DEFAULT_FIRST, UNSET, resolved
from read_api.graphql.grouped import Grouped
from read_api.graphql.lists import asked
from read_api.graphql.types.as_of import AsOf
from read_api.graphql.types.deal import DEAL_LIST, Deal
from read_api.graphql.types.money import Money
from read_api.graphql.types.paging import Connection
from read_api.graphql.types.scalars import BigInt

NO_GROUPS: list[Dimension] = []
FIGURE_LIST = replace(DEAL_LIST, name="Figure.deals")
DimensionEnum = strawberry.enum(
    Dimension,
    name="ForecastDimension",
    description="By whose name deals are grouped; CLOSE_MONTH is closedAt's, else expectedClose's.",
)


async def _count(self: reference.Figure) -> int:
    return await self.count()


async def _amount(self: reference.Figure) -> Money:
    return Money(minor=BigInt(await self.minor()), currency=self.currency)


async def _deals(self: reference.Figure, first: int | None = DEFAULT_FIRST, after: str | None = UNSET) -> Any:
    return await self.deals(FIGURE_LIST, first, None if after is UNSET else after)


@strawberry.type(description="A number of deals and the sum of their amounts.")
class Figure:
    """Resolved on read_api.graphql.forecast.Figure."""

    count: int = strawberry.field(resolver=_count)
    amount: Money = strawberry.field(resolver=_amount)
    deals: Connection[Deal] = resolved(
        _deals, FigurePages(FIGURE_LIST), "The deals behind the figure, the newest first."
    )


@strawberry.type
class ForecastFigures:
    """Resolved on read_api.graphql.forecast.Figures."""

    open: Figure
    weighted: Figure = strawberry.field(
        description="The open deals, each amount times the probability of its stage, rounded half up."
    )
    won: Figure
    lost: Figure


@strawberry.type
class ForecastGroup:
    """Resolved on read_api.graphql.grouped.Group."""

    key: list[str] = strawberry.field(
        description='Names in the order of groupBy; "" where there is none; months as YYYY-MM.'
    )
    figures: ForecastFigures


async def _groups(self: Grouped) -> Any:
    return await self.groups()


@strawberry.type(description="The deals of one currency, summed up.")
class Forecast:
    """Resolved on read_api.graphql.grouped.Grouped."""

    position: str = strawberry.field(description="The position of the log as of which all of this is answered.")
    totals: ForecastFigures
    groups: list[ForecastGroup] = resolved(_groups, description="By key; none without groupBy.")


def forecast(description: str) -> Any:
    """The root field."""

    async def resolve(
        info: Info,
        as_of: AsOf | None = UNSET,
        group_by: list[Dimension] | None = NO_GROUPS,
        currency: str | None = USUAL_CURRENCY,
        read_after: str | None = UNSET,
    ) -> Any:
        names = dimensions_of(Dimension, group_by)
        return await reference.forecast_at(info.context, asked(as_of), names, currency_of(currency))

    return resolved(resolve, ForecastRoot(), description)
