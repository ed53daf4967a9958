"""Contacts that want e-mail addresses: clients in several processes, a store that dawdles, and who has what when."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final, Literal, Self
from uuid import UUID

from eventsourcing.popo import POPOApplicationRecorder

from event_schemas.codec import decode
from event_schemas.envelope import Origin, StoredEvent, StreamHead
from event_schemas.registry import Event
from event_schemas.streams import StreamName, TenantId, parse_stream
from tests.support.events import DEMO, some_id
from write_side.adapters.recorded_keys import MemoryKeys
from write_side.adapters.recorder import RecorderEventStore
from write_side.application.ports import Appended, EventStore
from write_side.application.requests import Outcome, Request
from write_side.bootstrap import transactor
from write_side.domain import contact
from write_side.domain.contact_commands import ChangeContactDetails, CreateContact
from write_side.domain.decider import Command

NOW: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
MASTER: Final = b"m" * 32
ADA, BOB, EVE = (some_id(name) for name in ("ada", "bob", "eve"))
MAIL: Final = "sales@example.org"


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **duration: float) -> None:
        """So much later."""
        self.now += timedelta(**duration)


class Client:
    """Sends commands as one process of the platform."""

    def __init__(self, store: EventStore, clock: Clock) -> None:
        self._transactor = transactor(store=store, master_secret=MASTER, clock=clock)

    async def send(self, command: Command, *, key: str | None = None, tenant: TenantId = DEMO) -> Outcome:
        """One command."""
        request = Request(tenant=tenant, actor="ann", source="test", sent={"id": str(command.id)}, idempotency_key=key)
        return await self._transactor.transact(command, request)

    async def create(self, who: UUID, email: str | None = MAIL, **request: Any) -> Outcome:
        """A contact with this address."""
        return await self.send(CreateContact(id=who, name="N", email=email), **request)

    async def change(self, who: UUID, email: str | None, **request: Any) -> Outcome:
        """Another address for a contact."""
        return await self.send(ChangeContactDetails(id=who, email=email), **request)


class StoreInFront(RecorderEventStore):
    """A log in memory; what happens before and after an append is for subclasses to say."""

    @classmethod
    def empty(cls, clock: Clock) -> Self:
        """With nothing in it."""
        return cls(POPOApplicationRecorder(), threaded=False, keys=MemoryKeys(), clock=clock)

    async def append(
        self, stream: StreamName, events: Sequence[Event], *, expected: StreamHead, origin: Origin
    ) -> Appended:
        """Store, between the two."""
        await self.before(stream, events)
        appended = await super().append(stream, events, expected=expected, origin=origin)
        await self.after(stream, events)
        return appended

    async def before(self, stream: StreamName, events: Sequence[Event]) -> None:
        """Nothing."""

    async def after(self, stream: StreamName, events: Sequence[Event]) -> None:
        """Nothing."""


class Dawdling(StoreInFront):
    """Lets others go first, at random, before and after whatever is read or written."""

    random = Random(0)

    async def _pause(self) -> None:
        for _ in range(self.random.choice((0, 0, 1, 2, 5, 15))):
            await asyncio.sleep(0)

    async def before(self, stream: StreamName, events: Sequence[Event]) -> None:
        """Somebody else may append first."""
        await self._pause()

    async def after(self, stream: StreamName, events: Sequence[Event]) -> None:
        """Somebody else may read before the writer goes on."""
        await self._pause()

    async def load_many(self, streams: Any) -> Any:
        """What was read may be old when it arrives."""
        await self._pause()
        found = await super().load_many(streams)
        await self._pause()
        return found


class Stalling(StoreInFront):
    """Stops one process around the append of a kind of event, until it is told to go on."""

    _place: tuple[str, type[Event]] | None = None

    def stall(self, place: Literal["before", "after"], event: type[Event]) -> None:
        """At the next one of these."""
        self._place = (place, event)
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()

    async def before(self, stream: StreamName, events: Sequence[Event]) -> None:
        """Nothing is stored yet."""
        await self._wait_at(("before", type(events[0])))

    async def after(self, stream: StreamName, events: Sequence[Event]) -> None:
        """It is stored."""
        await self._wait_at(("after", type(events[0])))

    async def _wait_at(self, place: tuple[str, type[Event]]) -> None:
        if place == self._place:
            self._place = None
            self.reached.set()
            await self.go_on.wait()


def most_at_once(events: Iterable[StoredEvent]) -> int:
    """How many contacts of one tenant had the same address, at the moment when most had."""
    states: dict[tuple[TenantId, UUID], Any] = {}
    holders: defaultdict[tuple[TenantId, str], set[UUID]] = defaultdict(set)
    most = 0
    for stored in events:
        if parse_stream(stored.stream).category != contact.CATEGORY:
            continue
        who = (stored.tenant, stored.entity_id)
        before = states.get(who, contact.initial_state)
        states[who] = after = contact.evolve(before, stored.entity_id, decode(stored).event)
        for gone in contact.holds(before) - contact.holds(after):
            holders[stored.tenant, gone].discard(stored.entity_id)
        for come in contact.holds(after) - contact.holds(before):
            holders[stored.tenant, come].add(stored.entity_id)
            most = max(most, len(holders[stored.tenant, come]))
    return most
