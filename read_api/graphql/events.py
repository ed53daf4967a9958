"""The subscription ``events``: all that happens in a tenant, from the log itself; everything else only wakes us."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry.scalars import JSON

from event_schemas.streams import Position, parse_stream
from read_api.event_stream import EventStream, Happened, wanted_types
from read_api.graphql.context import Context
from read_api.graphql.listening import may_go_on, position_of, rung
from read_api.graphql.types.reference import Kind

UNSET = strawberry.UNSET
_SHOWN_AS = {"account_hierarchy": "account"}
"""Category of a stream -> kind of the entities that its events name, where they differ."""
_KINDS = {kind.value: kind for kind in Kind}


@strawberry.type(description="One event, as the log holds it.")
class EventItem:
    """Made from the event's envelope and payload."""

    position: str = strawberry.field(
        description="Where the event stands in the log: pass it as `from` to go on after it."
    )
    type: str
    stream: str
    version: int = strawberry.field(description="Its number in its stream.")
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    command_id: strawberry.ID
    causation_id: strawberry.ID | None
    correlation_id: strawberry.ID
    entity_id: strawberry.ID
    kind: Kind | None = strawberry.field(
        description="The kind of the entity; null where it is none of these, such as an import batch or a saved view."
    )
    data: JSON | None = strawberry.field(description="The event's payload; null when it cannot be read.")


async def events(
    info: strawberry.Info,
    types: list[str] | None = UNSET,
    from_: Annotated[str | None, strawberry.argument(name="from")] = UNSET,
) -> AsyncGenerator[EventItem, None]:
    """The resolver of the subscription; raises an ApiError (BAD_REQUEST)."""
    context: Context = info.context
    wanted = wanted_types(None if types is UNSET else types)
    start = position_of(from_) if from_ else await context.log.head()
    async with aclosing(_happening(context, wanted, start)) as items:
        async for item in items:
            yield _shown(item)


async def _happening(context: Context, types: frozenset[str] | None, start: Position) -> AsyncGenerator[Happened, None]:
    """What is in the log after a position, then what comes, for as long as the token is valid.

    Nothing is read before the item at hand has been taken, so a slow client holds up its own subscription alone.
    """
    stream = EventStream(context.log, tenant=context.tenant, user_id=context.user_id, types=types, after=start)
    with context.bells.listen(context.log, context.tenant, stream.wakes) as listener:
        while True:
            async with aclosing(stream.events()) as chunks:
                async for chunk in chunks:
                    for item in chunk:
                        if not may_go_on(context, listener):
                            return
                        yield item
            if not await rung(context, listener):
                return


def _shown(item: Happened) -> EventItem:
    meta = item.meta
    category = parse_stream(meta.stream).category
    data: Any = item.data
    return EventItem(
        position=str(item.position),
        type=meta.type,
        stream=meta.stream,
        version=meta.stream_version,
        occurred_at=meta.occurred_at,
        recorded_at=meta.recorded_at,
        actor=meta.actor,
        command_id=strawberry.ID(str(meta.command_id)),
        causation_id=None if meta.causation_id is None else strawberry.ID(str(meta.causation_id)),
        correlation_id=strawberry.ID(str(meta.correlation_id)),
        entity_id=strawberry.ID(str(item.entity)),
        kind=_KINDS.get(_SHOWN_AS.get(category, category)),
        data=data,
    )
