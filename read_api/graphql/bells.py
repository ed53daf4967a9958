"""Wakes subscriptions: one follower of a tenant's log for all of the tenant's subscribers in this process."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from event_schemas.envelope import StoredEvent
from event_schemas.ports import EventFilter, EventLog
from event_schemas.streams import TenantId

Wanted = Callable[[Sequence[StoredEvent]], bool]
"""Whether a batch of events is reason to wake up."""


def of_entity(entity: UUID) -> Wanted:
    """Wakes for events of one entity."""
    return lambda events: any(event.entity_id == entity for event in events)


class Listener:
    """One subscriber's ear."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self._rung = asyncio.Event()
        self._error: Exception | None = None
        self.ended = False
        """Nothing more is told."""

    def ring(self, error: Exception | None = None) -> None:
        """What is wanted may have come, or following has failed."""
        self._error = error
        self._rung.set()

    def end(self) -> None:
        """Nothing more will be told."""
        self.ended = True
        self._rung.set()

    async def rung(self) -> bool:
        """Wait until something may have come since the last call; raises what following has failed with.

        False once nothing more will be told.
        """
        await self._rung.wait()
        self._rung.clear()
        if self._error is not None:
            raise self._error
        return not self.ended


class TenantBell:
    """Follows one tenant's log while somebody listens."""

    def __init__(self, log: EventLog, tenant: TenantId) -> None:
        self._log = log
        self._tenant = tenant
        self._task: asyncio.Task[None] | None = None
        self.listeners: set[Listener] = set()

    def join(self, listener: Listener) -> None:
        """Listen from now on."""
        self.listeners.add(listener)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._follow())

    def leave(self, listener: Listener) -> None:
        """Listen no more; the last one stops the follower."""
        self.listeners.discard(listener)
        if not self.listeners and self._task is not None:
            self._task.cancel()

    async def _follow(self) -> None:
        try:
            after = await self._log.head()
            for listener in self.listeners:
                listener.ring()  # what was appended until the head is in the log for whoever reads now
            async for events in self._log.follow(after=after, where=EventFilter(tenant=self._tenant)):
                for listener in self.listeners:
                    if listener.wanted(events):
                        listener.ring()
        except Exception as error:  # noqa: BLE001 - whoever listens raises it
            for listener in self.listeners:
                listener.ring(error)


class Bells:
    """One bell for each tenant that somebody listens to."""

    def __init__(self) -> None:
        self._bells: dict[TenantId, TenantBell] = {}
        self._closed = False

    @property
    def listening(self) -> int:
        """How many listen now."""
        return sum(len(bell.listeners) for bell in self._bells.values())

    def close(self) -> None:
        """End what is being told, and tell nothing more: the process is about to stop."""
        self._closed = True
        for bell in self._bells.values():
            for listener in bell.listeners:
                listener.end()

    @contextmanager
    def listen(self, log: EventLog, tenant: TenantId, wanted: Wanted) -> Iterator[Listener]:
        """An ear for what is wanted; ``log`` shows this tenant's events."""
        bell = self._bells.setdefault(tenant, TenantBell(log, tenant))
        listener = Listener(wanted)
        bell.join(listener)
        if self._closed:
            listener.end()
        try:
            yield listener
        finally:
            bell.leave(listener)
            if not bell.listeners:
                self._bells.pop(tenant, None)
