"""A dry run: commands are decided upon what the log has, and nothing is appended."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from event_schemas.ports import EventLog
from event_schemas.streams import START, StreamName, parse_stream, stream_name
from event_schemas.token import ConsistencyToken
from write_side.application.folding import FoldCache
from write_side.application.ports import TenantKeys
from write_side.application.requests import Outcome, Request
from write_side.application.reservations import stream_of
from write_side.domain import email
from write_side.domain.decider import Command, Context, Decider, Ref

KEPT = 20_000


class Rehearsal:
    """Answers commands as if they were carried out. What it decided it remembers, so that later ones build on it.

    Versions are only known when commands are carried out, and so is what others do in between.
    """

    def __init__(
        self,
        *,
        log: EventLog,
        deciders: Mapping[type[Command], Decider[Any, Any]],
        kinds: Mapping[str, Decider[Any, Any]],
        keys: TenantKeys,
        clock: Callable[[], datetime],
    ) -> None:
        self._cache = FoldCache(log)
        self._deciders = deciders
        self._kinds = kinds
        self._keys = keys
        self._clock = clock
        self._states: OrderedDict[StreamName, Any] = OrderedDict()
        self._taken: dict[str, UUID | None] = {}
        """Who got an e-mail address in this run; None: it became free."""

    async def transact(self, command: Command, request: Request) -> Outcome:
        """Decide; raises Rejected."""
        decider = self._deciders[type(command)]
        stream = stream_name(decider.category, request.tenant, decider.stream_id(command))
        state = await self._state(stream, decider)
        related = {
            ref: await self._state(stream_name(ref.kind, request.tenant, ref.id), self._kinds[ref.kind])
            for ref in decider.reads(command, state)
        }
        events = decider.decide(command, state, self._context(request, related))
        before, held = state, decider.holds(state)
        for event in events:
            state = decider.evolve(state, command.id, event)
        if state is not before:
            await self._move(command.id, decider, held, decider.holds(state), request)
        self._keep(stream, state)
        return Outcome(entity_id=command.id, version=0, position=START, token=ConsistencyToken(()), events=len(events))

    async def _move(
        self, entity: UUID, decider: Decider[Any, Any], before: frozenset[str], after: frozenset[str], request: Request
    ) -> None:
        """What only one of its kind may have comes and goes; raises EmailTaken and EmailReserved."""
        for address in after - before:
            await self._check_free(address, entity, decider, request)
            self._taken[address] = entity
        for address in before - after:
            self._taken[address] = None

    async def _check_free(self, address: str, entity: UUID, decider: Decider[Any, Any], request: Request) -> None:
        stream = stream_of(address, request.tenant, self._keys.email_key(request.tenant))
        reserved = (await self._cache.load({stream: email.DECIDER}))[stream]
        in_log = reserved.state.contact_id if isinstance(reserved.state, email.Reserved) else None
        if (holder := self._taken.get(address, in_log)) is None or holder == entity:
            return
        used = address in self._taken
        if not used:
            theirs = await self._state(stream_name(decider.category, request.tenant, holder), decider)
            used = address in decider.holds(theirs)
        asked = email.ReserveEmail(
            id=entity, address=parse_stream(stream).id, used=used, reserved_at=reserved.occurred_at.get(holder)
        )
        email.decide(asked, email.Reserved(holder), self._context(request, {}))

    async def _state(self, stream: StreamName, decider: Decider[Any, Any]) -> Any:
        if stream not in self._states:
            self._keep(stream, (await self._cache.load({stream: decider}))[stream].state)
        return self._states[stream]

    def _keep(self, stream: StreamName, state: Any) -> None:
        self._states[stream] = state
        self._states.move_to_end(stream)
        if len(self._states) > KEPT:
            self._states.popitem(last=False)

    def _context(self, request: Request, related: Mapping[Ref, Any]) -> Context:
        return Context(
            tenant=request.tenant,
            actor=request.actor,
            occurred_at=request.occurred_at or self._clock(),
            command_id=uuid4(),
            related=related,
        )
