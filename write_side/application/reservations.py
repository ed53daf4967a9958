"""What only one aggregate of its category may have, an e-mail address, is reserved in a stream of its own.

Nobody ever has what another one has: whoever takes a reservation over fences its holder first, so that the holder's
command, if it is still under way, reads again and finds the reservation gone. Held by test_reservations.py and
test_email_reservation.py.
"""

import asyncio
import hmac
import logging
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

import msgspec
from msgspec.structs import replace

from event_schemas.envelope import Origin
from event_schemas.streams import StreamName, TenantId, parse_stream, stream_name
from write_side.application.fencing import append_beside, fence
from write_side.application.folding import FoldCache, Folded
from write_side.application.ports import EventStore, EventStoreUnavailable, TenantKeys, VersionConflict
from write_side.domain import email
from write_side.domain.decider import Context, Decider, Ref

_log = logging.getLogger(__name__)


class Claimant(msgspec.Struct, frozen=True):
    """The aggregate whose command claims addresses."""

    id: UUID
    decider: Decider[Any, Any]
    origin: Origin


class Reservations:
    """Reserves before a command appends, releases after it; one per process."""

    def __init__(self, *, store: EventStore, cache: FoldCache, keys: TenantKeys, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._cache = cache
        self._keys = keys
        self._clock = clock
        self._locks: WeakValueDictionary[StreamName, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def around(self, claimant: Claimant, before: frozenset[str], after: frozenset[str]) -> AsyncIterator[None]:
        """Surrounds the append of what turns one holding into the other.

        Raises EmailTaken, EmailReserved, VersionConflict (decide again) and EventStoreUnavailable before it. When the
        append fails, what was reserved stays so: another command of the same aggregate may rely on it by now.
        """
        coming = self._streams(claimant.origin.tenant, after - before)
        going = self._streams(claimant.origin.tenant, before - after)
        async with self._queue([*coming, *going]):
            found = await self._cache.load(dict.fromkeys([*coming, *going], email.DECIDER))
            for stream, address in coming.items():
                await self._reserve(claimant, address, stream, found[stream])
            yield
            for stream in going:
                await self._release(claimant, stream, found[stream])

    def _streams(self, tenant: TenantId, addresses: Iterable[str]) -> dict[StreamName, str]:
        key = self._keys.email_key(tenant)
        return {stream_of(address, tenant, key): address for address in addresses}

    @asynccontextmanager
    async def _queue(self, streams: Collection[StreamName]) -> AsyncIterator[None]:
        """Commands of this process about one address come one after the other, so that the later hears who has it."""
        async with AsyncExitStack() as held:
            for stream in sorted(streams):
                await held.enter_async_context(self._locks.setdefault(stream, asyncio.Lock()))
            yield

    async def _reserve(self, claimant: Claimant, address: str, stream: StreamName, found: Folded) -> None:
        """Also what is the claimant's already, so that it is young: what is old may be taken over at any moment."""
        origin = replace(claimant.origin, occurred_at=self._clock())
        command = email.ReserveEmail(id=claimant.id, address=parse_stream(stream).id, used=False, reserved_at=None)
        state = found.state
        if isinstance(state, email.Reserved) and state.contact_id != claimant.id:
            ref = Ref(claimant.decider.category, state.contact_id)
            name = stream_name(ref.kind, origin.tenant, ref.id)
            holder = (await self._cache.load({name: claimant.decider}))[name]
            used = address in claimant.decider.holds(holder.state)
            command = replace(command, used=used, reserved_at=found.occurred_at[state.contact_id])
            events = email.decide(command, state, _context(origin))
            await fence(self._store, name, ref, head=holder.head, origin=origin)
        else:
            events = email.decide(command, state, _context(origin))
        await append_beside(self._store, stream, events, head=found.head, origin=origin)

    async def _release(self, claimant: Claimant, stream: StreamName, found: Folded) -> None:
        """Only the very reservation that was there before the append: a later one is somebody's who needs it."""
        origin = replace(claimant.origin, occurred_at=self._clock())
        command = email.ReleaseEmail(id=claimant.id, address=parse_stream(stream).id)
        events = email.decide(command, found.state, _context(origin))
        if not events:
            return
        try:
            await append_beside(self._store, stream, events, head=found.head, origin=origin)
        except VersionConflict:
            _log.info("%s was reserved anew before it was released", stream)
        except EventStoreUnavailable as error:
            # The command is through; whoever wants the address next finds that nobody uses it.
            _log.warning("%s could not be released: %s", stream, error)


def stream_of(address: str, tenant: TenantId, key: bytes) -> StreamName:
    """Where an address in normal form is reserved; the key is the tenant's for addresses."""
    return stream_name(email.CATEGORY, tenant, hmac.digest(key, address.encode(), "sha256").hex())


def _context(origin: Origin) -> Context:
    return Context(
        tenant=origin.tenant, actor=origin.actor, occurred_at=origin.occurred_at, command_id=origin.command_id
    )
