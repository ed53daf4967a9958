"""What an import sends: the batch's own commands, and those of its rows, each under a key of the batch."""

from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

import msgspec

from event_schemas.ports import EventLog
from event_schemas.streams import TenantId, entity_id
from write_side.application.beginning import Beginnings
from write_side.application.requests import Outcome, Refused, Request
from write_side.domain.batch import FinishBatch, StartBatch
from write_side.domain.decider import Command
from write_side.domain.errors import Rejected
from write_side.domain.pipeline import DefinePipeline
from write_side.entrypoints.importing.faults import BadMapping
from write_side.entrypoints.importing.mapping import NewPipeline
from write_side.entrypoints.importing.progress import Summary
from write_side.entrypoints.importing.steps import Step
from write_side.entrypoints.validation import InvalidInput, build

ACTOR = SOURCE = "import"
UNDO = "import.undo"
"""The source of what an undo archives."""

Transact = Callable[[Command, Request], Awaitable[Outcome]]


class Target(NamedTuple):
    """Where it goes: which batch of which tenant, and by what."""

    tenant: TenantId
    batch: UUID
    transact: Transact
    log: EventLog
    beginnings: Beginnings | None = None
    """Begins many entities at once; None: one by one."""
    is_fresh: bool = False
    """Whether no earlier run of the batch may have begun any entity."""


async def begin(target: Target, name: str, pipeline: NewPipeline | None) -> bool:
    """The batch has started; False: an earlier run had started it."""
    is_fresh = await send(target, Step(0, StartBatch(id=target.batch, name=name), None), "start") > 0
    if pipeline is not None:
        await _define(target, pipeline)
    return is_fresh


async def finish(target: Target, done: Summary) -> None:
    """All rows of all shares are answered."""
    command = FinishBatch(id=target.batch, rows=done.rows, rejected=done.rejected)
    await send(target, Step(0, command, None), "finish")


async def _define(target: Target, pipeline: NewPipeline) -> None:
    """The mapping's pipeline; raises BadMapping where it cannot be."""

    def made(kind: str, name: str) -> UUID:
        return entity_id(target.tenant, kind, pipeline.key.replace("{}", name))

    stages = [{**msgspec.structs.asdict(stage), "id": made("stage", stage.name)} for stage in pipeline.stages]
    fields = {"name": pipeline.name, "currency": pipeline.currency, "stages": stages}
    try:
        command = build(DefinePipeline, {"id": made("pipeline", pipeline.name), **fields})
        await send(target, Step(0, command, pipeline.occurred_at), "pipeline")
    except (InvalidInput, Rejected, Refused) as error:
        raise BadMapping(f"pipeline {pipeline.name!r}: {error}") from error


async def send(target: Target, step: Step, key: str) -> int:
    """One command of the batch, under its own key; how many events it made. Raises Rejected and Refused."""
    return (await target.transact(step.command, request_of(target, step, key))).events


_text_of = lru_cache(maxsize=16)(str)  # a batch's id, with every command


def batch_key(target: Target, key: str) -> str:
    """The idempotency key of a command of the batch."""
    return f"{_text_of(target.batch)}/{key}"


def request_of(target: Target, step: Step, key: str) -> Request:
    """The surroundings of a command of the batch."""
    return Request(
        tenant=target.tenant,
        actor=ACTOR,
        source=SOURCE,
        sent={"step": step.number},  # the key holds the digest of all that the row can say
        idempotency_key=batch_key(target, key),
        occurred_at=step.occurred_at,
        correlation_id=target.batch,
    )
