"""What the contract of event stores runs with: a store, tenants of this test alone, and places in its log."""

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar
from uuid import uuid4

import pytest

from event_schemas.envelope import StoredEvent
from event_schemas.streams import Position, TenantId
from write_side.application.ports import EventStore

OpenStore = Callable[[], Awaitable[EventStore]]
"""Another store object over the same log, closed after the test."""

_ALL = 1_000_000


class Ordinals:
    """The contract's word for a place in the log: n is where the n-th event of the test is, 0 is before the first.

    Where positions are dense and the log is the test's own, these are the positions themselves. Where they are sparse,
    or others write to the same log, the events that the test has stored so far are counted.
    """

    def __init__(self, store: EventStore, tenants: Sequence[TenantId], *, start: Position, dense: bool) -> None:
        self._store = store
        self._tenants = tenants
        self._start = start
        self._dense = dense

    async def of(self, events: Sequence[StoredEvent]) -> list[int]:
        """Where events are."""
        if self._dense:
            return [event.position for event in events]
        places = {position: number for number, position in enumerate(await self._positions(), start=1)}
        return [places[event.position] for event in events]

    async def position(self, ordinal: int) -> Position:
        """The position that stands for a place; beyond the log's end, some position there."""
        if self._dense:
            return Position(ordinal)
        places = [self._start, *await self._positions()]
        return places[ordinal] if ordinal < len(places) else Position(places[-1] + 1000 * ordinal)

    async def head(self) -> int:
        """Where the last event is, which must not be behind the log's head."""
        head = await self._store.head()
        if self._dense:
            return head
        positions = await self._positions()
        assert head >= max(positions, default=self._start)
        return len(positions)

    async def _positions(self) -> list[Position]:
        events = await self._store.read_all(after=self._start, limit=_ALL)
        positions = [event.position for event in events if event.tenant in self._tenants]
        assert positions == sorted(set(positions))
        return positions


class EventStoreTrial:
    """The fixtures of every class of the contract."""

    DENSE: ClassVar[bool] = True
    """Whether the n-th event of a log is at position n, and each test has a log of its own."""

    @pytest.fixture
    async def store(self, open_store: OpenStore) -> EventStore:
        """One of the stores over the test's log."""
        return await open_store()

    @pytest.fixture
    def tenant(self) -> TenantId:
        """Of this test alone, since a log may be shared."""
        return a_tenant()

    @pytest.fixture
    def other_tenant(self) -> TenantId:
        """Another one."""
        return a_tenant()

    @pytest.fixture
    async def ordinals(self, store: EventStore, tenant: TenantId, other_tenant: TenantId) -> Ordinals:
        """Places among the events of both."""
        return Ordinals(store, (tenant, other_tenant), start=await store.head(), dense=self.DENSE)


def a_tenant() -> TenantId:
    """That nobody has used."""
    return TenantId(f"trial-{uuid4().hex[:16]}")
