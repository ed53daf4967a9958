"""Runs a process: follows the log from its checkpoint for as long as it may, whatever goes down meanwhile."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final, Protocol, cast

import msgspec

from event_schemas.envelope import StoredEvent
from event_schemas.ports import EventFilter, EventLog, EventLogUnavailable
from event_schemas.streams import START, Position
from write_side.application.process_managers.failures import Failures
from write_side.application.process_managers.ports import CheckpointMoved
from write_side.application.requests import Contention

BATCH: Final = 500
"""Events whose effects are done before the checkpoint moves."""
IDLE_SECONDS: Final = 30.0
"""How long nothing of interest may happen before the checkpoint moves all the same."""
_FIRST_WAIT_S: Final = 0.05
_LONGEST_WAIT_S: Final = 2.0

_log = logging.getLogger(__name__)


class Process(Protocol):
    """What follows from certain events."""

    @property
    def name(self) -> str:
        """Of its checkpoint, and in the source of its events."""

    @property
    def types(self) -> frozenset[str]:
        """Wire names of the events that it wants."""

    @property
    def failures(self) -> Failures:
        """What could not be done."""

    async def resume(self) -> Position:
        """Where it left off."""
        ...

    async def take(self, events: Sequence[StoredEvent], to: Position) -> None:
        """Do what follows from the events, then move the checkpoint: nothing else up to there is of interest.

        Raises EventLogUnavailable, Contention or CheckpointMoved; then the same events come again after ``resume``.
        """
        ...


class ProcessStatus(msgspec.Struct):
    """How a process is doing."""

    process: str
    position: Position = START
    """All that it wants up to here is done."""
    waits_for: str | None = None
    """What is down, while something is."""


class ProcessRunner:
    """Keeps one process up with the log. Two runners of a process do no harm: who comes second finds all done."""

    def __init__(self, *, process: Process, log: EventLog, idle_seconds: float = IDLE_SECONDS) -> None:
        self.status = ProcessStatus(process.name)
        self._process = process
        self._log = log
        self._where = EventFilter(types=process.types)
        self._idle_seconds = idle_seconds
        self._moved = asyncio.Condition()

    @property
    def failures(self) -> Failures:
        """What could not be done, and no event says so."""
        return self._process.failures

    async def run(self) -> None:
        """Until cancelled. What is down is waited for; a checkpoint that another runner moved is taken up again."""
        wait = _FIRST_WAIT_S
        while True:
            before = self.status.position
            try:
                await self._follow()
            except (EventLogUnavailable, CheckpointMoved, Contention) as error:
                self._wait_for(f"{error}", logging.WARNING)
            except Exception as error:  # noqa: BLE001 - a defect of ours: seen in status and log, and no reason to give up
                self._wait_for(f"{type(error).__name__}: {error}", logging.ERROR, traceback_of=error)
            wait = _FIRST_WAIT_S if self.status.position > before else min(2 * wait, _LONGEST_WAIT_S)
            await asyncio.sleep(wait)  # nothing says when a server is back

    async def settled(self, position: Position) -> None:
        """Wait until the effects of all that the process wants up to a position are done."""
        while (reached := self.status.position) < position and await self._is_wanted(reached, position):
            await self._past(reached)

    async def _past(self, position: Position) -> None:
        async with self._moved:
            await self._moved.wait_for(lambda: self.status.position > position)

    async def _follow(self) -> None:
        await self._reach(await self._process.resume())
        coming = self._log.follow(after=self.status.position, where=self._where)
        async with aclosing(cast("AsyncGenerator[Sequence[StoredEvent], None]", coming)) as batches:
            batch = _next(batches)
            try:
                while True:
                    if (await asyncio.wait([batch], timeout=self._idle_seconds))[0]:
                        await self._take(batch.result())
                        batch = _next(batches)
                    else:
                        await self._skip()
            finally:
                batch.cancel()
                await asyncio.gather(batch, return_exceptions=True)

    async def _take(self, events: Sequence[StoredEvent]) -> None:
        for start in range(0, len(events), BATCH):
            part = events[start : start + BATCH]
            await self._process.take(part, part[-1].position)
            await self._reach(part[-1].position)

    async def _skip(self) -> None:
        """Move over what nobody wanted, so that the next start need not look through it again."""
        reached, head = self.status.position, await self._log.head()
        if head > reached and not await self._is_wanted(reached, head):
            await self._process.take((), head)
            await self._reach(head)

    async def _is_wanted(self, after: Position, until: Position) -> bool:
        return bool(await self._log.read_all(after=after, limit=1, where=self._where, until=until))

    async def _reach(self, position: Position) -> None:
        async with self._moved:
            self.status.position = position
            self.status.waits_for = None
            self._moved.notify_all()

    def _wait_for(self, reason: str, level: int, traceback_of: Exception | None = None) -> None:
        if self.status.waits_for != reason:
            _log.log(level, "process %s waits: %s", self._process.name, reason, exc_info=traceback_of)
        self.status.waits_for = reason


def _next(batches: AsyncGenerator[Sequence[StoredEvent], None]) -> asyncio.Future[Sequence[StoredEvent]]:
    return asyncio.ensure_future(anext(batches))
