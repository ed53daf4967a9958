"""The field ``history``: everything that happened to one entity, from the log itself."""

from contextlib import aclosing
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from event_schemas.streams import START, Position
from read_api import cursors
from read_api.changes import Change
from read_api.compiler.arguments import page_size
from read_api.entity_log import EntityReader, Entry
from read_api.errors import invalid_cursor, not_found
from read_api.graphql.context import Context
from read_api.graphql.types.paging import PageInfo
from read_api.values import parse_id

LISTING = "history"


@strawberry.type(description="A field of the entity that an event changed.")
class FieldChange:
    """Named as in the entity's type; values as JSON, printed as the API prints them."""

    field: str
    before: JSON | None
    after: JSON | None


@strawberry.type(description="One event, as the log holds it.")
class HistoryEntry:
    """Made from the event's envelope and payload."""

    position: str = strawberry.field(description="Where it stands in the log; takes `asOf` to just after it.")
    stream: str
    version: int = strawberry.field(description="Its number in its stream; bookkeeping in between is not shown.")
    type: str
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    command_id: strawberry.ID
    causation_id: strawberry.ID | None
    correlation_id: strawberry.ID
    changes: list[FieldChange]


@strawberry.type
class HistoryEdge:
    """An event in its place."""

    cursor: str
    node: HistoryEntry


@strawberry.type
class HistoryConnection:
    """A page of a history, oldest first."""

    edges: list[HistoryEdge]
    page_info: PageInfo
    reader: strawberry.Private[EntityReader]
    seen: strawberry.Private[int]

    @strawberry.field
    async def total_count(self) -> int:
        """Counted by reading to the end."""
        count = self.seen
        async for _ in self.reader.entries():
            count += 1
        self.seen = count
        return count


async def _history(
    info: strawberry.Info, id: strawberry.ID, first: int | None = 50, after: str | None = strawberry.UNSET
) -> HistoryConnection:
    """Raises an ApiError (BAD_REQUEST, INVALID_CURSOR, NOT_FOUND)."""
    context: Context = info.context
    entity = parse_id(id)
    reader = EntityReader(context.log, context.tenant, entity, user_id=context.user_id)
    return await _page(reader, entity, page_size(first), _start(entity, after) if after else START)


async def _page(reader: EntityReader, entity: UUID, first: int, start: Position) -> HistoryConnection:
    found: list[Entry] = []
    before = 0
    more = False
    async with aclosing(reader.entries()) as entries:
        async for entry in entries:
            if entry.position <= start:
                before += 1
            elif len(found) == first:
                more = True
                break
            else:
                found.append(entry)
    if before + len(found) + more == 0:
        raise not_found()
    edges = [HistoryEdge(cursor=_cursor(entity, entry.position), node=node_of(entry)) for entry in found]
    return HistoryConnection(
        edges=edges,
        page_info=PageInfo(
            has_next_page=more,
            has_previous_page=before > 0,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        ),
        reader=reader,
        seen=before + len(found) + more,
    )


def _cursor(entity: UUID, position: Position) -> str:
    return cursors.encode(LISTING, "", "bigint", cursors.Cursor(0, None, cursors.EPOCH, entity, position))


def _start(entity: UUID, text: str) -> Position:
    cursor = cursors.decode(LISTING, "", "bigint", text)
    if cursor.id != entity:
        raise invalid_cursor()
    return Position(cursor.key)


def node_of(entry: Entry) -> HistoryEntry:
    """An entry as the API shows it."""
    meta = entry.meta
    return HistoryEntry(
        position=str(entry.position),
        stream=meta.stream,
        version=meta.stream_version,
        type=meta.type,
        occurred_at=meta.occurred_at,
        recorded_at=meta.recorded_at,
        actor=meta.actor,
        command_id=strawberry.ID(str(meta.command_id)),
        causation_id=None if meta.causation_id is None else strawberry.ID(str(meta.causation_id)),
        correlation_id=strawberry.ID(str(meta.correlation_id)),
        changes=[_shown(change) for change in entry.changes],
    )


def _shown(change: Change) -> FieldChange:
    before: Any = change.before
    after: Any = change.after
    return FieldChange(field=change.field, before=before, after=after)


@strawberry.type(name="Query")
class HistoryQuery:
    """Merged into ``Query``."""

    history: HistoryConnection = strawberry.field(
        resolver=_history, description="Everything that happened to an entity, ascending, from the log itself."
    )
