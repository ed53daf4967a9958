"""The subscriptions; here ``entityChanged``: items come from the log in order, everything else only wakes us."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any, cast
from uuid import UUID

import strawberry

from event_schemas.streams import Position, StreamName, parse_stream
from event_schemas.token import ConsistencyToken
from read_api.entity_log import EntityReader, Entry
from read_api.errors import not_found
from read_api.graphql.bells import of_entity
from read_api.graphql.context import Context
from read_api.graphql.entities import load_entity
from read_api.graphql.events import EventItem, events
from read_api.graphql.history import HistoryEntry, node_of
from read_api.graphql.listening import position_of, rung
from read_api.graphql.types.account import Account
from read_api.graphql.types.activity import Activity
from read_api.graphql.types.contact import Contact
from read_api.graphql.types.deal import Deal
from read_api.graphql.types.lead import Lead
from read_api.graphql.types.organisation import Team, User
from read_api.graphql.types.pipeline import Pipeline
from read_api.graphql.types.product import Product
from read_api.values import parse_id

_KIND_OF = {"account_hierarchy": "account"}
"""Category of a stream -> kind of the entities that its events name, where they differ."""


class _Item:
    """What the fields of an item are resolved from."""

    def __init__(self, entity: UUID, entry: Entry) -> None:
        self.entity = entity
        self.position = str(entry.position)
        self.entry = node_of(entry)
        category = parse_stream(entry.meta.stream).category
        self.kind = _KIND_OF.get(category, category)
        self.token = ConsistencyToken(((StreamName(entry.meta.stream), entry.position),))


def _shown(kind: str) -> Any:
    async def load(self: Any, info: strawberry.Info):  # type: ignore[no-untyped-def] # the field names its type
        if self.kind != kind:
            return None
        return await load_entity(info.context, kind, self.entity, self.token)

    return strawberry.field(
        resolver=load, description=f"The {kind} as it is once the views have reached the event; null for other kinds."
    )


@strawberry.type(description="One event of the entity that is followed, and the entity.")
class EntityChange:
    """Resolved from an ``_Item``."""

    position: str = strawberry.field(
        description="Where the event stands in the log: pass it as `from` to go on after it."
    )
    entry: HistoryEntry
    lead: Lead | None = _shown("lead")
    contact: Contact | None = _shown("contact")
    activity: Activity | None = _shown("activity")
    deal: Deal | None = _shown("deal")
    account: Account | None = _shown("account")
    pipeline: Pipeline | None = _shown("pipeline")
    product: Product | None = _shown("product")
    team: Team | None = _shown("team")
    user: User | None = _shown("user")


async def _entity_changed(
    info: strawberry.Info,
    id: strawberry.ID,
    from_: Annotated[str | None, strawberry.argument(name="from")] = strawberry.UNSET,
) -> AsyncGenerator[EntityChange, None]:
    context: Context = info.context
    entity = parse_id(id)
    start = position_of(from_) if from_ else await context.log.head()
    async with aclosing(_changes(context, entity, start)) as entries:
        async for entry in entries:
            await context.renew()
            yield cast("EntityChange", _Item(entity, entry))
            await context.close()


async def _changes(context: Context, entity: UUID, start: Position) -> AsyncGenerator[Entry, None]:
    """Entries after a position, for as long as the token is valid."""
    reader = EntityReader(context.log, context.tenant, entity, user_id=context.user_id)
    with context.bells.listen(context.log, context.tenant, of_entity(entity)) as listener:
        async for entry in reader.entries():
            if entry.position > start:
                yield entry
        if not reader.is_known:
            raise not_found()
        while await rung(context, listener):
            async for entry in reader.entries():
                if entry.position > start:
                    yield entry


@strawberry.type
class Subscription:
    """What is told as it happens."""

    entity_changed: AsyncGenerator[EntityChange, None] = strawberry.subscription(
        resolver=_entity_changed,
        description="Each event of one entity, in order, from now on or after the position `from`.",
    )
    events: AsyncGenerator[EventItem, None] = strawberry.subscription(
        resolver=events, description="Each event of the given types, or all, in order, from now on or after `from`."
    )
