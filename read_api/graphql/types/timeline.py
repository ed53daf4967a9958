"""What happened to an entity, in the order of the log."""

from datetime import datetime
from typing import Any

import orjson
import strawberry
from strawberry.scalars import JSON
from strawberry.types import Info

from read_api.compiler.sources import Col, Filter, Listing, Pages, SortKey, TimelinePages
from read_api.compiler.ties import REFERENCES, TIMELINE
from read_api.errors import not_found
from read_api.graphql.fields import DEFAULT_FIRST, UNSET, column, one, resolved
from read_api.graphql.lists import ListArguments, page
from read_api.graphql.rows import Row
from read_api.graphql.types.paging import Connection
from read_api.graphql.types.reference import EntityRef
from read_api.values import parse_id

OF_ENTITY = Filter("{row}.entity_id = {value}", "uuid", parse_id)
TIMELINE_LIST = Listing("timeline", TIMELINE, {"POSITION": SortKey("position", "bigint", unique=True)}, "POSITION_ASC")


def _data(self: Row) -> JSON:
    return JSON(orjson.loads(self.record["data"]))


@strawberry.type(description="One event, as far as an entity's readers are concerned.")
class TimelineEntry:
    """A row of entity_timeline."""

    position: str = column("Where the event stands in the log.")
    entity: EntityRef | None = one(REFERENCES, id="entity_id", kind="kind", description="What it happened to.")
    stream: str = column()
    stream_version: int = column()
    type: str = column()
    occurred_at: datetime = column()
    recorded_at: datetime = column()
    actor: str = column()
    data: JSON = resolved(_data, Col(), "The event's payload.")


@strawberry.type
class TimelineConnection(Connection[TimelineEntry]):
    """A page of a timeline."""


def timeline(description: str) -> Any:
    """The root field: NOT_FOUND for an entity to which nothing happened, since then there is none."""

    async def resolve(
        info: Info,
        id: strawberry.ID,
        first: int | None = DEFAULT_FIRST,
        after: str | None = UNSET,
        read_after: str | None = UNSET,
    ) -> Any:
        wanted = parse_id(id)
        context = info.context
        arguments = ListArguments(first, after, UNSET, UNSET)
        found = await page(context, TimelinePages(TIMELINE_LIST), arguments, fixed=((OF_ENTITY, wanted),))
        if not found.edges and not await _exists(context, wanted):
            raise not_found()
        return found

    return resolved(resolve, TimelinePages(TIMELINE_LIST), description)


async def _exists(context: Any, wanted: Any) -> bool:
    rows = await context.transaction.fetch(
        "select exists (select from entity_timeline where entity_id = $1) as found", wanted
    )
    return bool(rows[0]["found"])


def nested_timeline(listing: Listing, *, key: str, description: str) -> Any:
    """The timeline of what belongs to this row."""
    source = Pages(listing, key)

    async def resolve(self: Row, info: Info, first: int | None = DEFAULT_FIRST, after: str | None = UNSET) -> Any:
        return await page(info.context, source, ListArguments(first, after, UNSET, UNSET), self)

    return resolved(resolve, source, description)
