"""A tenant over a log in memory, with its process managers: commands in, effects out."""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from eventsourcing.popo import POPOApplicationRecorder
from msgspec.structs import replace

from event_schemas.account import AccountMerged
from event_schemas.codec import decode
from event_schemas.contact import ContactMerged
from event_schemas.envelope import Recorded
from event_schemas.pipeline import StageCategory
from event_schemas.registry import Event
from event_schemas.streams import START, TenantId, stream_name
from tests.support.events import some_id
from tests.support.secrets import MASTER
from write_side.adapters.keys import DerivedTenantKeys
from write_side.adapters.memory_checkpoints import MemoryCheckpoints
from write_side.adapters.recorded_keys import MemoryKeys
from write_side.adapters.recorder import RecorderEventStore
from write_side.application.deciders import COMMANDS, KINDS
from write_side.application.folding import FoldCache
from write_side.application.ports import EventStore
from write_side.application.process_managers.acting import Transact
from write_side.application.requests import Outcome, Request
from write_side.application.transact import Transactor
from write_side.bootstrap import ProcessManagers, Remembered, processes, system_clock, transactor
from write_side.domain import account_hierarchy
from write_side.domain.decider import Command
from write_side.domain.lead_commands import CaptureLead, QualifyLead
from write_side.domain.pipeline import DefinePipeline, NewStage
from write_side.domain.user import CreateUser

TENANT: Final = TenantId("demo")
MERGEABLE: Final = ("account", "contact")
STAGES: Final = (
    NewStage(name="New", probability=10, category=StageCategory.OPEN),
    NewStage(name="Won", probability=100, category=StageCategory.WON),
    NewStage(name="Lost", probability=0, category=StageCategory.LOST),
)


class Office:
    """One tenant, one user of it, and the processes that act on what they do."""

    tenant = TENANT

    def __init__(self, store: EventStore, remembered: Remembered, keys: MemoryKeys | None = None) -> None:
        self.store = store
        self._keys = keys or MemoryKeys()
        self.remembered = remembered
        self.pipeline = some_id("pipeline")
        self.transact: Transact = transactor(store=store, master_secret=MASTER).transact
        self._leads = 0

    @classmethod
    async def opened(cls, of: type[RecorderEventStore] = RecorderEventStore) -> "Office":
        """In memory, with a pipeline in it; ``of``: the kind of store."""
        keys = MemoryKeys()
        store = of(POPOApplicationRecorder(), threaded=False, keys=keys)
        return await cls.over(store, MemoryCheckpoints(), keys)

    @classmethod
    async def over(cls, store: EventStore, remembered: Remembered, keys: MemoryKeys | None = None) -> "Office":
        """With a pipeline in it, on stores that are there."""
        office = cls(store, remembered, keys)
        await office.send(DefinePipeline(id=office.pipeline, name="Sales", currency="USD", stages=STAGES))
        return office

    async def send(self, command: Command, **changes: Any) -> Outcome:
        """One command; ``changes`` are fields of the request."""
        fields: dict[str, Any] = {"tenant": TENANT, "actor": "ann", "source": "test", "sent": {"id": str(command.id)}}
        return await self.transact(command, Request(**fields | changes))

    async def qualified(self, *, at: datetime | None = None, **details: Any) -> UUID:
        """A lead that may be converted; since a moment, if one is given."""
        self._leads += 1
        lead = some_id(f"lead {self._leads}")
        await self.send(CaptureLead(id=lead, **details), occurred_at=at)
        await self.send(QualifyLead(id=lead), occurred_at=at)
        return lead

    async def user(self) -> UUID:
        """A user of the tenant."""
        await self.send(CreateUser(id=some_id("user"), name="Ann"))
        return some_id("user")

    def processes(self, transact: Transact | None = None) -> ProcessManagers:
        """As after a start of the program; ``transact`` where it is to be watched."""
        transact = transact or transactor(store=self.store, master_secret=MASTER).transact
        return processes(store=self.store, transact=transact, remembered=self.remembered)

    async def settle(self, transact: Transact | None = None) -> ProcessManagers:
        """Run the processes until nothing more follows from anything; their life ends here."""
        managers = self.processes(transact)
        running = asyncio.create_task(managers.run())
        try:
            settled = START
            while settled < (head := await self.store.head()):
                await first_of(managers.settled(head), running)
                settled = head
        finally:
            running.cancel()
            await asyncio.wait([running])
        return managers

    async def late(self) -> "Office":
        """Somebody whose commands are decided as if no account and no contact had been merged."""
        slow = Office(self.store, self.remembered, self._keys)
        unmerged = {kind: replace(KINDS[kind], evolve=_without_merges(KINDS[kind].evolve)) for kind in MERGEABLE}
        kinds = KINDS | unmerged
        slow.transact = Transactor(
            store=self.store,
            deciders=COMMANDS,
            kinds=kinds,
            keys=DerivedTenantKeys(MASTER),
            clock=system_clock,
        ).transact
        return slow

    def erase(self, person: UUID) -> None:
        """Throw away the key of a person's data; what is in memory of the process goes with a restart."""
        self._keys.erase(TENANT, person)

    def forget(self) -> None:
        """The processes lose their checkpoints, and all that they remember."""
        self.remembered = MemoryCheckpoints()

    async def state(self, kind: str, entity: UUID | str) -> Any:
        """An entity, as the log says."""
        stream = stream_name(kind, TENANT, entity)
        decider = account_hierarchy.DECIDER if kind == account_hierarchy.CATEGORY else KINDS[kind]
        return (await FoldCache(self.store).load({stream: decider}))[stream].state

    async def events(self, *types: str) -> Sequence[Recorded[Event]]:
        """All events, or those of some types, in order."""
        stored = await self.store.read_all(after=START, limit=100_000)
        return [decode(one) for one in stored if not types or one.type in types]


def _without_merges(evolve: Any) -> Any:
    def evolve_without(state: Any, entity: UUID, event: Event) -> Any:
        return state if isinstance(event, AccountMerged | ContactMerged) else evolve(state, entity, event)

    return evolve_without


async def first_of(awaited: Coroutine[Any, Any, None], beside: asyncio.Task[None]) -> None:
    """Await, unless what runs beside it ends first: then raise what ended it."""
    waiting = asyncio.create_task(awaited)
    try:
        await asyncio.wait([waiting, beside], return_when=asyncio.FIRST_COMPLETED)
        await (beside if beside.done() else waiting)
    finally:
        waiting.cancel()
