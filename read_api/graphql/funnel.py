"""Funnels as the reference path makes them: it reads leads and their owners, and counts in Python."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from read_api.as_of import Asked, Moment
from read_api.compiler.entities import LEADS, USERS
from read_api.compiler.funnel import DAY_STEPS, RATE_STEPS, FunnelDimension
from read_api.compiler.sources import Listing
from read_api.graphql.grouped import Entry, Grouped, Names, by_id
from read_api.graphql.loaders import moment_of
from read_api.graphql.pages import Page
from read_api.graphql.statement import Arguments

_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1) // _MICROSECOND


class Figures(msgspec.Struct, frozen=True):
    """How far the leads of a group, or all, got."""

    leads_of: Grouped
    key: Names | None

    async def _with(self, *statuses: str) -> list[Any]:
        return [each.row for each in await self.leads_of.entries(self.key) if each.row["status"] in statuses]

    async def captured(self) -> int:
        """All of them."""
        return len(await self.leads_of.entries(self.key))

    async def qualified(self) -> int:
        """Those that are worth selling to, converted ones among them."""
        return len(await self._with("qualified", "converted"))

    async def disqualified(self) -> int:
        """Those that are not."""
        return len(await self._with("disqualified"))

    async def converted(self) -> int:
        """Those that became customers."""
        return len(await self._with("converted"))

    async def conversion_rate(self) -> float | None:
        """What part of all that is."""
        return _decimal(await self.converted(), await self.captured(), RATE_STEPS)

    async def average_days(self) -> float | None:
        """From capture to conversion."""
        spans = [row["converted_at"] - row["captured_at"] for row in await self._with("converted")]
        return _decimal(sum(span // _MICROSECOND for span in spans), len(spans) * _DAY, DAY_STEPS)

    async def leads(self, listing: Listing, first: int | None, after: str | None) -> Page:
        """A page of the leads; raises an ApiError."""
        return await self.leads_of.behind(self.key, lambda _: True, listing, first, after)


def _decimal(dividend: int, divisor: int, steps: int) -> float | None:
    """A quotient, rounded half up to whole steps; None for no divisor."""
    return (2 * dividend * steps + divisor) // (2 * divisor) / steps if divisor else None


async def funnel_at(context: Any, asked: Asked, dimensions: Sequence[FunnelDimension]) -> Grouped:
    """The funnel of a moment; raises an ApiError."""

    async def read(moment: Moment) -> list[Entry]:
        arguments = Arguments()
        relation = LEADS.relation(arguments.point(moment))
        found = await context.transaction.fetch(f"select * from {relation} l", *arguments.values)
        leads = [lead for lead in found if not lead["archived"] and lead["status"] != "merged"]
        owners = await by_id(context, USERS, moment, (lead["owner_id"] for lead in leads))
        return [Entry(lead, tuple(_name(each, lead, owners) or "" for each in dimensions)) for lead in leads]

    return Grouped(context, await moment_of(context, asked), read, Figures)


def _name(dimension: FunnelDimension, lead: Any, owners: dict[UUID, Any]) -> str | None:
    if dimension is FunnelDimension.OWNER:
        return owners[lead["owner_id"]]["name"] if lead["owner_id"] in owners else None
    name: str | None = lead[dimension.value]
    return name
