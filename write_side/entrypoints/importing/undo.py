"""Undoing a batch: what it created is archived, by events like any other."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import msgspec

from event_schemas.codec import UndecodableEvent, decode_metadata
from event_schemas.ports import EventFilter, EventLog
from event_schemas.streams import Position, TenantId, parse_stream, stream_name
from write_side.application.requests import Outcome, Refused, Request
from write_side.domain.decider import Command
from write_side.domain.errors import Rejected
from write_side.entrypoints.importing.kinds import KINDS, Kind
from write_side.entrypoints.importing.sending import UNDO

PAGE = 1000
IN_FLIGHT = 256
BY_EVENT = {
    name: kind for kind in KINDS.values() for name in (*kind.created, *((kind.restore[1],) if kind.restore else ()))
}
"""Wire name of an event -> the kind of what a batch adds by it: something new, or what an undo had taken away."""
GONE = frozenset({"ACTIVITY_IS_CANCELLED"})
"""What is refused because there is nothing left to be undone."""
REASONS = {"ACTIVITY_IS_DONE": "the activity is done: what has happened cannot be cancelled"}
"""Of refusals that would tell somebody else what to do."""

Transact = Callable[[Command, Request], Awaitable[Outcome]]


class Kept(msgspec.Struct, frozen=True):
    """Something that the batch created and that could not be archived, and why."""

    kind: str
    id: UUID
    code: str
    reason: str


class Undone(msgspec.Struct, kw_only=True):
    """How an undo ended. ``created`` is what the batch created, or brought back; of it ``unchanged`` had been archived
    (an activity: cancelled) before.
    """

    batch: str
    created: int = 0
    archived: int = 0
    unchanged: int = 0
    kept: list[Kept] = msgspec.field(default_factory=list)


class NoSuchBatch(Exception):
    """The log has no batch of this id for the tenant."""


async def undo(batch: UUID, *, tenant: TenantId, log: EventLog, transact: Transact) -> Undone:
    """Archive all that a batch created. A repeat changes nothing more, nor what was restored in between."""
    after, until = await _span(batch, tenant=tenant, log=log)
    undone = Undone(batch=str(batch))
    slots = asyncio.Semaphore(IN_FLIGHT)

    async def archive(kind: Kind, entity: UUID) -> None:
        try:
            outcome = await _archive(kind, entity, batch=batch, tenant=tenant, transact=transact)
        except (Rejected, Refused, UndecodableEvent) as error:
            code = getattr(error, "code", "UNREADABLE_HISTORY")
            if code in GONE:
                undone.unchanged += 1
            else:
                undone.kept.append(Kept(kind.name, entity, code, REASONS.get(code, str(error))))
        else:
            undone.archived += 1 if outcome.events else 0
            undone.unchanged += 0 if outcome.events else 1
        finally:
            slots.release()

    async with asyncio.TaskGroup() as group:
        async for kind, entity in _created(batch, after, until, tenant=tenant, log=log):
            undone.created += 1
            await slots.acquire()
            group.create_task(archive(kind, entity))
    return undone


async def _archive(kind: Kind, entity: UUID, *, batch: UUID, tenant: TenantId, transact: Transact) -> Outcome:
    if kind.archive is None:
        raise NotArchivable(kind.stays)
    request = Request(
        tenant=tenant,
        actor="import",
        source=UNDO,
        sent={},
        idempotency_key=f"{batch}/undo",
        correlation_id=batch,
    )
    return await transact(kind.archive(id=entity), request)


class NotArchivable(Rejected):
    """Nothing of this kind can be archived."""


async def _span(batch: UUID, *, tenant: TenantId, log: EventLog) -> tuple[Position, Position]:
    """The positions between which the batch's events are; raises NoSuchBatch."""
    events = await log.load(stream_name("batch", tenant, batch))
    if not events:
        raise NoSuchBatch(f"tenant {tenant} has no import batch {batch}: `crm import` names it when it is done")
    # a batch that has not finished may be running elsewhere: then its rows up to now are undone
    end = next((stored.position for stored in events if stored.type == "batch.finished"), None)
    return events[0].position, end if end is not None else await log.head()


async def _created(
    batch: UUID, after: Position, until: Position, *, tenant: TenantId, log: EventLog
) -> AsyncIterator[tuple[Kind, UUID]]:
    """What begins with an event of the batch, or came back by one."""
    wanted = EventFilter(tenant=tenant, types=frozenset(BY_EVENT))
    while page := await log.read_all(after=after, limit=PAGE, where=wanted, until=until):
        for stored in page:
            if decode_metadata(stored).correlation_id == batch:
                yield BY_EVENT[stored.type], UUID(parse_stream(stored.stream).id)
        after = page[-1].position
