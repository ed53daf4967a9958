"""Follows the event store in the process, one task per view group. The log is read in order, so no gap can arise."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Any, Final

import msgspec

from event_schemas.envelope import StoredEvent
from event_schemas.ports import EventLog, EventLogUnavailable
from event_schemas.streams import START, Position
from event_schemas.topics import LOG
from projections.engines.reading import read_ahead, with_pauses
from projections.errors import SinkUnavailable, WatermarkMoved
from projections.runner import Runner

BATCH: Final = 1_000
_FIRST_WAIT_S: Final = 0.05
_LONGEST_WAIT_S: Final = 2.0
_CHECK_EVERY_S: Final = 2.0

_log = logging.getLogger(__name__)


class GroupStatus(msgspec.Struct):
    """How a view group is doing."""

    group: str
    position: Position = START
    parked: int = 0
    """Events that a view, or all of the group, has not applied and that wait for a person."""
    waits_for: str | None = None
    """What is down, while something is."""


class Follower:
    """Keeps one view group up with the log for as long as it runs, whatever goes down meanwhile."""

    def __init__(
        self,
        *,
        group: str,
        log: EventLog,
        runner: Callable[[], AbstractAsyncContextManager[Runner[Any]]],
        advanced: Callable[[Position], None] | None = None,
        batch: int = BATCH,
    ) -> None:
        self.status = GroupStatus(group)
        self._log = log
        self._runner = runner
        self._advanced = advanced
        self._batch = batch

    async def run(self) -> None:
        """Until cancelled. What is down is waited for; a lost connection, or watermark, is taken up again."""
        wait = _FIRST_WAIT_S
        while True:
            before = self.status.position
            try:
                async with self._runner() as runner:
                    await self._follow(runner)
            except (SinkUnavailable, EventLogUnavailable, WatermarkMoved) as error:
                self._wait_for(f"{error}", logging.WARNING)
            except Exception as error:  # noqa: BLE001  # a defect of ours: seen in status and log, and no reason to give up
                self._wait_for(f"{type(error).__name__}: {error}", logging.ERROR, traceback_of=error)
            wait = _FIRST_WAIT_S if self.status.position > before else min(2 * wait, _LONGEST_WAIT_S)
            await asyncio.sleep(wait)  # nothing says when a server is back, or when somebody else has let go

    async def _follow(self, runner: Runner[Any]) -> None:
        await runner.resume()
        self._report(runner)
        there = read_ahead(self._log, after=runner.positions[LOG], limit=self._batch)
        async with aclosing(there):
            async for events in there:
                await self._take(runner, events)
        coming = with_pauses(self._log.follow(after=runner.positions[LOG]), every=_CHECK_EVERY_S)
        async with aclosing(coming):
            async for appended in coming:
                if appended is None:
                    await runner.check()
                else:
                    await self._take(runner, appended)

    async def _take(self, runner: Runner[Any], events: Sequence[StoredEvent]) -> None:
        for start in range(0, len(events), self._batch):
            await runner.project(events[start : start + self._batch])
            self._report(runner)

    def _report(self, runner: Runner[Any]) -> None:
        self.status.position = runner.positions[LOG]
        self.status.parked = runner.parked
        self.status.waits_for = None
        if self._advanced is not None:
            self._advanced(self.status.position)

    def _wait_for(self, reason: str, level: int, traceback_of: Exception | None = None) -> None:
        if self.status.waits_for != reason:
            _log.log(level, "view group %s waits: %s", self.status.group, reason, exc_info=traceback_of)
        self.status.waits_for = reason
