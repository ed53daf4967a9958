"""Reads the log while what was read before is published: what is there at once, however little or much."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from event_schemas.envelope import StoredEvent
from event_schemas.ports import EventLog, EventLogUnavailable
from event_schemas.streams import Position

MOST_EVENTS: Final = 5_000
MOST_BYTES: Final = 8 * 1024 * 1024
"""Of one batch, unless a single event is longer. Two batches at most are in memory: one is published meanwhile."""
_FIRST_WAIT_S: Final = 0.05
_LONGEST_WAIT_S: Final = 2.0

_log = logging.getLogger(__name__)


class ReadingAhead:
    """The log after a position, in batches. An outage of the log is waited for."""

    def __init__(self, log: EventLog, *, most_events: int = MOST_EVENTS, most_bytes: int = MOST_BYTES) -> None:
        self.waits_for: str | None = None
        """What is down, while something is."""
        self._log = log
        self._most_events, self._most_bytes = most_events, most_bytes
        self._read: list[StoredEvent] = []
        self._bytes = 0
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def following(self, after: Position) -> AsyncIterator[asyncio.Task[None]]:
        """Read from there on, while the context is open; the task ends only by a defect of ours."""
        reader = asyncio.create_task(self._follow(after), name="read ahead")
        try:
            yield reader
        finally:
            reader.cancel()
            await asyncio.wait([reader])

    async def next(self) -> Sequence[StoredEvent]:
        """What has been read, in order: waits for at least one event."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._read)
            count = self._count_of_batch()
            batch, self._read = self._read[:count], self._read[count:]
            self._bytes = sum(map(_size, self._read))
            self._changed.notify_all()
        return batch

    def _count_of_batch(self) -> int:
        total = 0
        for count, event in enumerate(self._read[: self._most_events]):
            total += _size(event)
            if total > self._most_bytes and count:
                return count
        return min(len(self._read), self._most_events)

    async def _follow(self, after: Position) -> None:
        wait = _FIRST_WAIT_S
        while True:
            try:
                async for events in self._log.follow(after=after):
                    await self._keep(events)
                    after, wait = events[-1].position, _FIRST_WAIT_S
            except EventLogUnavailable as error:
                if self.waits_for is None:
                    _log.warning("the relay waits: %s", error)
                self.waits_for = str(error)
                await asyncio.sleep(wait)  # nothing says when a server is back
                wait = min(2 * wait, _LONGEST_WAIT_S)

    async def _keep(self, events: Sequence[StoredEvent]) -> None:
        if self.waits_for is not None:
            _log.warning("the relay reads the log again")
            self.waits_for = None
        async with self._changed:
            await self._changed.wait_for(self._has_room)
            self._read += events
            self._bytes += sum(map(_size, events))
            self._changed.notify_all()

    def _has_room(self) -> bool:
        return len(self._read) < self._most_events and self._bytes < self._most_bytes


def _size(event: StoredEvent) -> int:
    return len(event.data) + len(event.metadata)
