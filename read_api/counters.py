"""How much there is of what, now: from the live counters, or from the tables while these cannot say."""

from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Protocol
from uuid import UUID

import msgspec

from event_schemas.streams import Position, TenantId


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Of one owner, or of everybody."""

    open_deals: int
    won_deals: int
    lost_deals: int
    new_leads: int
    qualified_leads: int
    open_activities: int
    overdue: int
    """Open activities that were due before now."""


class CountersUnavailable(ConnectionError):
    """The live counters cannot be reached, or are behind the tables, which can be counted too."""


class LiveCounters(Protocol):
    """Counts that are kept ready."""

    async def of(self, tenant: TenantId, owner: UUID | None, now: datetime, *, at_least: Position) -> Counts:
        """The counts of an owner, or of all; with what the views showed at a position. Raises CountersUnavailable."""
        ...


async def counts(context: Any, owner: UUID | None, *, at_least: Position) -> Counts:
    """The counts of an owner, or of all of the tenant."""
    try:
        found: Counts = await context.counters.of(context.tenant, owner, context.now, at_least=at_least)
    except CountersUnavailable:
        (row,) = await context.transaction.fetch(_statement(), owner, context.now)
        return Counts(**dict(row))
    return found


@cache
def _statement() -> str:
    return files("read_api.queries").joinpath("counters.sql").read_text(encoding="utf-8")
