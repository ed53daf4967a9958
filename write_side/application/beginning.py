"""Beginning many streams at once, as imports do: the same decisions as one by one, with one look at the log for all.

A stream is taken to be new; that it expects version 0 is the store's to check. Whatever is not plainly begun here (a
rule refuses it, somebody was quicker, an address has to be reserved) is left to the ordinary way, which says why.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from event_schemas.bookkeeping import CommandAccepted
from event_schemas.envelope import Origin
from event_schemas.registry import Event
from event_schemas.streams import StreamName, TenantId, command_id, stream_name
from write_side.application.folding import FoldCache
from write_side.application.ports import TenantKeys
from write_side.application.requests import Request, canonical_form, digest_of
from write_side.application.transact import Deciders, Kinds
from write_side.domain.decider import Command, Context, Ref, holds_nothing
from write_side.domain.errors import Rejected

Asked = Sequence[tuple[Command, Request]]
"""Commands on one stream, in order, each with an idempotency key; the first one begins it."""


class Beginning(NamedTuple):
    """A stream's first events: those of each command, and where they come from."""

    stream: StreamName
    parts: Sequence[tuple[Sequence[Event], Origin]]

    @property
    def events(self) -> int:
        """How many of them are no bookkeeping."""
        return sum(not isinstance(fact, CommandAccepted) for facts, _ in self.parts for fact in facts)


class BeginningStore(Protocol):
    """A store that begins many streams in one go."""

    async def begin_many(self, beginnings: Sequence[Beginning]) -> Sequence[bool]:
        """Store each one wholly, or not at all: True where it is stored. Raises EventStoreUnavailable."""
        ...


class Beginnings:
    """Decides upon many new streams; one per process."""

    def __init__(
        self,
        *,
        store: BeginningStore,
        cache: FoldCache,
        deciders: Deciders,
        kinds: Kinds,
        keys: TenantKeys,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._cache = cache
        self._deciders = deciders
        self._kinds = kinds
        self._keys = keys
        self._clock = clock

    async def begin(self, rows: Sequence[Asked]) -> Sequence[int | None]:
        """How many events each has begun with; None: nothing is stored of it, send its commands one by one."""
        related = await self._related(rows)
        now = self._clock()
        digests = _Digests(self._keys)
        decided = [self._decided(asked, related, now, digests) for asked in rows]
        stored = iter(await self._store.begin_many([one for one in decided if one is not None]))
        return [one.events if one is not None and next(stored) else None for one in decided]

    async def _related(self, rows: Sequence[Asked]) -> Mapping[Ref, Any]:
        """The states of all that the commands name."""
        names: dict[Ref, StreamName] = {}
        for asked in rows:
            for command, request in asked:
                decider = self._deciders[type(command)]
                for ref in decider.reads(command, decider.initial_state):
                    names[ref] = stream_name(ref.kind, request.tenant, ref.id)
        if not names:
            return {}
        loaded = await self._cache.load({name: self._kinds[ref.kind] for ref, name in names.items()})
        return {ref: loaded[name].state for ref, name in names.items()}

    def _decided(
        self, asked: Asked, related: Mapping[Ref, Any], now: datetime, digests: "_Digests"
    ) -> Beginning | None:
        """What the commands make of nothing; None where it takes more than deciding."""
        decider = self._deciders[type(asked[0][0])]
        if decider.kind is not None or decider.holds is not holds_nothing:
            return None
        state, last, parts = decider.initial_state, None, list[tuple[Sequence[Event], Origin]]()
        made: Sequence[Event] = ()
        for command, request in asked:
            occurred_at = request.occurred_at or now
            if occurred_at > now or (last is not None and occurred_at < last) or decider.relies_on(command):
                return None
            for event in made:  # by the command before: nobody asks for the state after the last one
                state = decider.evolve(state, command.id, event)
            origin = _origin(command, request, decider.category, digests, occurred_at)
            try:
                made = decider.decide(command, state, _context(origin, related))
            except (Rejected, KeyError):  # refused, or it read what only its later state names
                return None
            last = occurred_at
            parts.append((made or (CommandAccepted(target_id=command.id),), origin))
        return Beginning(stream_name(decider.category, asked[0][1].tenant, decider.stream_id(asked[0][0])), parts)


class _Digests:
    """Digests of requests of one call: rows ask for the same thing, each of another stream and under another key."""

    def __init__(self, keys: TenantKeys) -> None:
        self._keys = keys
        self._known: dict[tuple[TenantId, bytes], str] = {}

    def of(self, command: Command, request: Request) -> str:
        """See ``request_digest``."""
        asked = request.tenant, canonical_form(type(command).__name__, request)
        if (known := self._known.get(asked)) is None:
            known = self._known[asked] = digest_of(self._keys.digest_key(request.tenant), asked[1])
        return known


def _origin(command: Command, request: Request, category: str, digests: _Digests, occurred_at: datetime) -> Origin:
    if (key := request.idempotency_key) is None:
        raise ValueError("what is begun in bulk needs an idempotency key")
    identity = command_id(request.tenant, category, command.id, key)
    return Origin(
        tenant=request.tenant,
        actor=request.actor,
        command_id=identity,
        request_digest=digests.of(command, request),
        correlation_id=request.correlation_id or identity,
        causation_id=request.causation_id,
        source=request.source,
        occurred_at=occurred_at,
    )


def _context(origin: Origin, related: Mapping[Ref, Any]) -> Context:
    return Context(
        tenant=origin.tenant,
        actor=origin.actor,
        occurred_at=origin.occurred_at,
        command_id=origin.command_id,
        related=related,
    )
