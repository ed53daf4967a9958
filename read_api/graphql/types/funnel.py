"""The funnel: how many leads there are, and how far they got."""

from dataclasses import replace
from typing import Any

import strawberry
from strawberry.types import Info

from read_api.compiler.funnel import FunnelDimension
from read_api.compiler.grouped import dimensions_of
from read_api.compiler.sources import FigurePages, FunnelRoot
from read_api.graphql import funnel as reference
from read_api.graphql.fields import DEFAULT_FIRST, UNSET, resolved
from read_api.graphql.grouped import Grouped
from read_api.graphql.lists import asked
from read_api.graphql.types.as_of import AsOf
from read_api.graphql.types.lead import LEAD_LIST, Lead
from read_api.graphql.types.paging import Connection

NO_GROUPS: list[FunnelDimension] = []
FUNNEL_LEADS = replace(LEAD_LIST, name="FunnelFigures.leads")
DimensionEnum = strawberry.enum(
    FunnelDimension, name="FunnelDimension", description="By what leads are grouped; OWNER is the owner's name."
)


async def _captured(self: reference.Figures) -> int:
    return await self.captured()


async def _qualified(self: reference.Figures) -> int:
    return await self.qualified()


async def _disqualified(self: reference.Figures) -> int:
    return await self.disqualified()


async def _converted(self: reference.Figures) -> int:
    return await self.converted()


async def _rate(self: reference.Figures) -> float | None:
    return await self.conversion_rate()


async def _days(self: reference.Figures) -> float | None:
    return await self.average_days()


async def _leads(self: reference.Figures, first: int | None = DEFAULT_FIRST, after: str | None = UNSET) -> Any:
    return await self.leads(FUNNEL_LEADS, first, None if after is UNSET else after)


@strawberry.type(description="How far leads got. Archived and merged ones do not count.")
class FunnelFigures:
    """Resolved on read_api.graphql.funnel.Figures."""

    captured: int = strawberry.field(resolver=_captured, description="All of them.")
    qualified: int = strawberry.field(resolver=_qualified, description="Converted ones among them.")
    disqualified: int = strawberry.field(resolver=_disqualified)
    converted: int = strawberry.field(resolver=_converted)
    conversion_rate: float | None = strawberry.field(
        resolver=_rate, description="converted / captured, to four decimals; null when nothing was captured."
    )
    average_days_to_convert: float | None = strawberry.field(
        resolver=_days, description="From capture to conversion, to two decimals; null when nothing was converted."
    )
    leads: Connection[Lead] = resolved(_leads, FigurePages(FUNNEL_LEADS), "The leads behind it, the newest first.")


@strawberry.type
class FunnelGroup:
    """Resolved on read_api.graphql.grouped.Group."""

    key: list[str] = strawberry.field(description='Names in the order of groupBy; "" where there is none.')
    figures: FunnelFigures


async def _groups(self: Grouped) -> Any:
    return await self.groups()


@strawberry.type(description="Leads, counted.")
class Funnel:
    """Resolved on read_api.graphql.grouped.Grouped."""

    position: str = strawberry.field(description="The position of the log as of which all of this is answered.")
    totals: FunnelFigures
    groups: list[FunnelGroup] = resolved(_groups, description="By key; none without groupBy.")


def funnel(description: str) -> Any:
    """The root field."""

    async def resolve(
        info: Info,
        as_of: AsOf | None = UNSET,
        group_by: list[FunnelDimension] | None = NO_GROUPS,
        read_after: str | None = UNSET,
    ) -> Any:
        return await reference.funnel_at(info.context, asked(as_of), dimensions_of(FunnelDimension, group_by))

    return resolved(resolve, FunnelRoot(), description)
