"""One command from request to events: load, answer a repeat, decide, append; again when somebody else was first."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from weakref import WeakValueDictionary

import msgspec

from event_schemas.bookkeeping import CommandAccepted
from event_schemas.codec import UnencodableEvent
from event_schemas.envelope import Origin
from event_schemas.registry import Event
from event_schemas.streams import StreamName, command_id, stream_name
from event_schemas.token import ConsistencyToken
from write_side.application.fencing import fence
from write_side.application.folding import FoldCache, Folded
from write_side.application.ports import Appended, EventStore, TenantKeys, VersionConflict
from write_side.application.requests import (
    Contention,
    EntityVersionConflict,
    IdempotencyMismatch,
    OccurredOutOfOrder,
    Outcome,
    Refused,
    Request,
    request_digest,
)
from write_side.application.reservations import Claimant, Reservations
from write_side.domain.decider import Command, Context, Decider, Ref, holds_nothing

ATTEMPTS = 20
"""How often a command is decided again after a conflict before it is refused."""
CLOCK_TOLERANCE = timedelta(minutes=1)
"""How far ahead of our clock a client's business time may be."""

Deciders = Mapping[type[Command], Decider[Any, Any]]
Kinds = Mapping[str, Decider[Any, Any]]


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What deciding a command needs, wired once per process."""

    store: EventStore
    deciders: Deciders
    kinds: Kinds
    keys: TenantKeys
    clock: Callable[[], datetime]
    cache: FoldCache
    reservations: Reservations


class Transactor:
    """Runs commands against the store; one per process."""

    def __init__(
        self,
        *,
        store: EventStore,
        deciders: Deciders,
        kinds: Kinds,
        keys: TenantKeys,
        clock: Callable[[], datetime],
        cache_size: int = 20_000,
    ) -> None:
        cache = FoldCache(store, size=cache_size)
        self._parts = Parts(
            store=store,
            deciders=deciders,
            kinds=kinds,
            keys=keys,
            clock=clock,
            cache=cache,
            reservations=Reservations(store=store, cache=cache, keys=keys, clock=clock),
        )
        self._locks: WeakValueDictionary[StreamName, asyncio.Lock] = WeakValueDictionary()

    async def transact(self, command: Command, request: Request) -> Outcome:
        """Decide and append one command.

        Raises Rejected (a business rule), Refused (VERSION_CONFLICT, IDEMPOTENCY_MISMATCH, ...), EventStoreUnavailable,
        and UndecodableEvent when the target's own history cannot be read.
        """
        attempt = _Attempt(self._parts, command, request)
        # Commands of this process on one stream queue here instead of conflicting in the store.
        async with self._locks.setdefault(attempt.stream, asyncio.Lock()):
            for _ in range(ATTEMPTS):
                try:
                    return await attempt.run()
                except VersionConflict:
                    continue
        raise Contention(f"{attempt.stream}: {ATTEMPTS} attempts lost against other writers; send the command again")


class _Attempt:
    """One command being decided; ``run`` may be called again after a conflict."""

    def __init__(self, parts: Parts, command: Command, request: Request) -> None:
        self._parts = parts
        self._decider = decider = parts.deciders[type(command)]
        self._command = command
        self._request = request
        self._kind = decider.kind or decider.category
        self.stream = stream_name(decider.category, request.tenant, decider.stream_id(command))
        key = request.idempotency_key
        self._id = command_id(request.tenant, self._kind, command.id, key) if key is not None else uuid4()
        self._digest = request_digest(parts.keys.digest_key(request.tenant), type(command).__name__, request)

    async def run(self) -> Outcome:
        target, related = await self._load()
        own = target if self._decider.kind is None else related[self._own_ref]
        if (trace := target.commands.get(self._id)) is not None:
            if trace.digest != self._digest:
                raise IdempotencyMismatch("this idempotency key was used for another request; take a new key")
            return self._outcome(own, trace.position, 0, version=trace.version, repeated=True)
        self._check_version(own)
        occurred_at = self._occurred_at(target)
        events = self._decide(target, related, occurred_at)
        if not events and self._request.idempotency_key is None:
            return self._outcome(own, target.position, 0)
        appended = await self._store(events, target, related, self._origin(occurred_at))
        gained = len(events) if self._decider.kind is None else 0
        return self._outcome(own, appended.position, len(events), version=own.version + gained)

    @property
    def _own_ref(self) -> Ref:
        return Ref(self._kind, self._command.id)

    def _refs(self, state: Any) -> dict[Ref, StreamName]:
        refs = set(self._decider.reads(self._command, state))
        if self._decider.kind is not None:
            refs.add(self._own_ref)
        return {ref: stream_name(ref.kind, self._request.tenant, ref.id) for ref in refs}

    async def _load(self) -> tuple[Folded, dict[Ref, Folded]]:
        """The target and all that its decision reads, in one round trip unless the state names further aggregates."""
        cache = self._parts.cache
        refs = self._refs(cache.peek(self.stream, self._decider).state)
        loaded = await cache.load({self.stream: self._decider, **self._deciders_of(refs)})
        wanted = self._refs(loaded[self.stream].state)
        if missing := {ref: name for ref, name in wanted.items() if name not in loaded}:
            loaded |= await cache.load(self._deciders_of(missing))
        return loaded[self.stream], {ref: loaded[name] for ref, name in wanted.items()}

    def _deciders_of(self, refs: Mapping[Ref, StreamName]) -> dict[StreamName, Decider[Any, Any]]:
        return {name: self._parts.kinds[ref.kind] for ref, name in refs.items()}

    def _check_version(self, own: Folded) -> None:
        expected = self._request.expected_version
        if expected is not None and expected != own.version:
            raise EntityVersionConflict(
                f"expected version {expected}, but the {self._kind} is at {own.version}: read it again and decide anew"
            )

    def _occurred_at(self, target: Folded) -> datetime:
        now, asked = self._parts.clock(), self._request.occurred_at
        last = target.occurred_at.get(self._command.id)
        if asked is None:
            # An earlier client may have been ahead of our clock by the tolerance; order within the entity comes first.
            return max(now, last) if last else now
        if asked > now + CLOCK_TOLERANCE:
            raise OccurredOutOfOrder(f"occurredAt {asked.isoformat()} is in the future")
        if last is not None and asked < last:
            raise OccurredOutOfOrder(
                f"occurredAt {asked.isoformat()} is before {last.isoformat()}, when the {self._kind} last changed"
            )
        return asked

    def _decide(self, target: Folded, related: Mapping[Ref, Folded], occurred_at: datetime) -> tuple[Event, ...]:
        context = Context(
            tenant=self._request.tenant,
            actor=self._request.actor,
            occurred_at=occurred_at,
            command_id=self._id,
            admin=self._request.admin,
            related={ref: folded.state for ref, folded in related.items()},
        )
        return self._decider.decide(self._command, target.state, context)

    def _origin(self, occurred_at: datetime) -> Origin:
        return Origin(
            tenant=self._request.tenant,
            actor=self._request.actor,
            command_id=self._id,
            request_digest=self._digest,
            correlation_id=self._request.correlation_id or self._id,
            causation_id=self._request.causation_id,
            source=self._request.source,
            occurred_at=occurred_at,
        )

    async def _fence(self, events: tuple[Event, ...], related: Mapping[Ref, Folded], origin: Origin) -> None:
        """What the decision relies on stays as it was read, or the command is decided again."""
        for ref in self._decider.relies_on(self._command) if events else ():
            stream = stream_name(ref.kind, self._request.tenant, ref.id)
            await fence(self._parts.store, stream, ref, head=related[ref].head, origin=origin)

    async def _store(
        self, events: tuple[Event, ...], target: Folded, related: Mapping[Ref, Folded], origin: Origin
    ) -> Appended:
        await self._fence(events, related, origin)
        before, after = self._held(target.state, events)
        if before == after:
            return await self._append(events, target, origin)
        claimant = Claimant(self._command.id, self._decider, origin)
        async with self._parts.reservations.around(claimant, before, after):
            return await self._append(events, target, origin)

    def _held(self, state: Any, events: tuple[Event, ...]) -> tuple[frozenset[str], frozenset[str]]:
        """What nobody else may have, before and after."""
        holds = self._decider.holds
        before = holds(state)
        if holds is not holds_nothing:
            for event in events:
                state = self._decider.evolve(state, self._command.id, event)
        return before, holds(state)

    async def _append(self, events: tuple[Event, ...], target: Folded, origin: Origin) -> Appended:
        facts = events or (CommandAccepted(target_id=self._command.id),)
        try:
            return await self._parts.store.append(self.stream, facts, expected=target.head, origin=origin)
        except UnencodableEvent as error:
            # The edge checks every bound that an event has; should it miss one, the client is at fault, not the store.
            raise Refused(f"this cannot be stored: {error}") from error

    def _outcome(
        self, own: Folded, position: Any, events: int, *, version: int | None = None, repeated: bool = False
    ) -> Outcome:
        entity: UUID = self._command.id
        return Outcome(
            entity_id=entity,
            version=own.version if version is None or (repeated and self._decider.kind) else version,
            position=position,
            token=ConsistencyToken(((self.stream, position),) if position else ()),
            events=events,
            repeated=repeated,
        )
