"""Which streams of EventStoreDB / KurrentDB tell of one entity: its own, and the hierarchy of the tenant's accounts.

PostgreSQL has an index of entities. Here the entity's own stream follows from its id; of the hierarchy, which is one
long stream, the versions that name each account are remembered per process, and only what is new is read.
"""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import event_schemas.catalog  # noqa: F401 -- registers all types
from event_schemas.envelope import StoredEvent
from event_schemas.registry import all_types
from event_schemas.streams import StreamName, TenantId, stream_name

_TENANTS = 100
_NOT_OWN = frozenset({"command", "email"})
"""First parts of wire names that are no category of streams named after an entity."""


class Load(Protocol):
    """Reads one stream."""

    async def __call__(
        self, stream: StreamName, *, after: int = 0, until: int | None = None
    ) -> Sequence[StoredEvent]: ...


def own_categories() -> tuple[str, ...]:
    """The categories of streams whose id is their entity's: what the wire names of their events begin with."""
    return tuple(sorted({entry.name.partition(".")[0] for entry in all_types()} - _NOT_OWN))


class _Hierarchy:
    """Which versions of a tenant's hierarchy name which account."""

    def __init__(self) -> None:
        self.read = asyncio.Lock()
        self.version = 0
        self.versions: defaultdict[UUID, list[int]] = defaultdict(list)


class EntityStreams:
    """Finds the events of an entity."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._categories = own_categories()
        self._hierarchies: OrderedDict[TenantId, _Hierarchy] = OrderedDict()

    async def events(self, tenant: TenantId, entity: UUID) -> list[StoredEvent]:
        """All of them, without keys, in no order."""
        own, named = await asyncio.gather(self._own(tenant, entity), self._named_in_hierarchy(tenant, entity))
        return own + named

    async def _own(self, tenant: TenantId, entity: UUID) -> list[StoredEvent]:
        streams = (stream_name(category, tenant, entity) for category in self._categories)
        found = await asyncio.gather(*(self._load(stream) for stream in streams))
        return [event for events in found for event in events if event.entity_id == entity]

    async def _named_in_hierarchy(self, tenant: TenantId, entity: UUID) -> list[StoredEvent]:
        stream = stream_name("account_hierarchy", tenant, "accounts")
        hierarchy = self._hierarchies.setdefault(tenant, _Hierarchy())
        self._hierarchies.move_to_end(tenant)
        if len(self._hierarchies) > _TENANTS:
            self._hierarchies.popitem(last=False)
        async with hierarchy.read:
            for event in await self._load(stream, after=hierarchy.version):
                hierarchy.versions[event.entity_id].append(event.stream_version)
                hierarchy.version = event.stream_version
        versions = hierarchy.versions.get(entity, ())
        found = await asyncio.gather(*(self._load(stream, after=each - 1, until=each) for each in versions))
        return [event for events in found for event in events]
