"""How a process acts: commands caused by an event, and the states that it must know for them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from event_schemas.envelope import Recorded
from event_schemas.ports import EventLog
from event_schemas.registry import Event
from event_schemas.streams import TenantId, stream_name
from write_side.application.folding import FoldCache
from write_side.application.requests import Outcome, Request
from write_side.domain.decider import Command, Decider
from write_side.domain.email import EmailReserved
from write_side.domain.references import Standing

Transact = Callable[[Command, Request], Awaitable[Outcome]]
RESERVED_PAUSES = (0.05, 0.2, 1.0)
"""Seconds between attempts at an e-mail address that another contact has reserved and does not have yet."""
STATES = 5_000
"""Folded streams that a process keeps."""


class Acting:
    """The hands of one process. A command's key is process, event and step: sent twice it has one effect."""

    def __init__(
        self, process: str, *, transact: Transact, log: EventLog, kinds: Mapping[str, Decider[Any, Any]]
    ) -> None:
        self._process = process
        self._transact = transact
        self._kinds = kinds
        self._cache = FoldCache(log, size=STATES)

    async def send(
        self, command: Command, cause: Recorded[Event], step: str, *, occurred_at: datetime | None = None
    ) -> Outcome:
        """Decide and append on behalf of whoever caused it; raises what ``Transactor.transact`` raises."""
        meta = cause.meta
        request = Request(
            tenant=meta.tenant,
            actor=meta.actor,
            source=f"process:{self._process}",
            sent={"step": step},
            idempotency_key=f"{self._process}/{meta.event_id}/{step}",
            occurred_at=occurred_at,
            correlation_id=meta.correlation_id,
            causation_id=meta.event_id,
        )
        return await self._transact(command, request)

    async def send_for_address(
        self, command: Command, cause: Recorded[Event], step: str, *, occurred_at: datetime | None = None
    ) -> Outcome:
        """The same for a command that reserves an e-mail address, which another one may be about to use."""
        for pause in RESERVED_PAUSES:
            try:
                return await self.send(command, cause, step, occurred_at=occurred_at)
            except EmailReserved:
                await asyncio.sleep(pause)  # that other command is under way, or was lost
        return await self.send(command, cause, step, occurred_at=occurred_at)

    async def state(self, tenant: TenantId, kind: str, entity: UUID | str) -> Any:
        """An entity's state as the log has it now; its initial state where there is none."""
        decider = self._kinds[kind]
        stream = stream_name(decider.category, tenant, entity)
        return (await self._cache.load({stream: decider}))[stream].state

    async def survivor(self, tenant: TenantId, kind: str, entity: UUID) -> UUID:
        """The entity itself, or the one that goes on for it after any number of merges."""
        seen: set[UUID] = set()
        while entity not in seen:
            seen.add(entity)
            state = await self.state(tenant, kind, entity)
            if state.standing is not Standing.MERGED:
                break
            entity = state.into_id
        return entity
