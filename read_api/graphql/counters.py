"""The field ``counters``: how much is open, now."""

import strawberry

from read_api.asked_feed import exists, seen
from read_api.counters import Counts, counts
from read_api.errors import not_found
from read_api.graphql.context import Context
from read_api.values import parse_id

UNSET = strawberry.UNSET
NONE = Counts(**dict.fromkeys(Counts.__struct_fields__, 0))


@strawberry.type(description="How many there are now.")
class Counters:
    """Resolved on read_api.counters.Counts."""

    open_deals: int
    won_deals: int
    lost_deals: int
    new_leads: int
    qualified_leads: int
    open_activities: int
    overdue: int = strawberry.field(description="Open activities that were due before now.")


async def _counters(
    info: strawberry.Info, owner_id: strawberry.ID | None = UNSET, read_after: str | None = UNSET
) -> Counters:
    """Raises an ApiError (BAD_REQUEST, NOT_FOUND)."""
    context: Context = info.context
    owner = parse_id(owner_id) if owner_id else None
    found = await counts(context, owner, at_least=seen(read_after or None))
    if owner is not None and found == NONE and not await exists(context, "user", owner):
        raise not_found()
    return Counters(**{name: getattr(found, name) for name in Counts.__struct_fields__})


@strawberry.type(name="Query")
class CountersQuery:
    """Merged into ``Query``."""

    counters: Counters = strawberry.field(
        resolver=_counters, description="How many deals, leads and activities stand how, of one owner or of all."
    )
