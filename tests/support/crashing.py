"""Processes that die at a chosen moment, and stores that are down for a while."""

from collections.abc import Sequence

from msgspec.structs import replace

from event_schemas.envelope import Origin, StoredEvent, StreamHead
from event_schemas.ports import ANY, EventFilter
from event_schemas.registry import Event
from event_schemas.streams import Position, StreamName
from write_side.adapters.recorder import RecorderEventStore
from write_side.application.ports import Appended, EventStoreUnavailable
from write_side.application.process_managers.acting import Transact
from write_side.application.requests import Outcome, Request
from write_side.domain.decider import Command


class Crash(BaseException):
    """The process is gone; nobody in it hears of that."""


class Dying:
    """Sends commands until the one with this number (from 1), and dies right before or after that one."""

    def __init__(self, transact: Transact, *, at: int, after: bool) -> None:
        self._transact = transact
        self._at = at
        self._after = after
        self._sent = 0
        self._dead = False

    async def __call__(self, command: Command, request: Request) -> Outcome:
        """One command."""
        self._sent += 1
        is_last = self._sent == self._at
        self._die_if(is_last and not self._after)
        outcome = await self._transact(command, request)
        self._die_if(is_last)
        return outcome

    def _die_if(self, is_last: bool) -> None:
        self._dead |= is_last
        if self._dead:
            raise Crash


class Flickering(RecorderEventStore):
    """In memory; each append is refused as unavailable as often as it is told, stored or not."""

    refusals = 0

    async def append(
        self, stream: StreamName, events: Sequence[Event], *, expected: StreamHead, origin: Origin
    ) -> Appended:
        """Every second refusal comes after the events were stored: the answer is lost."""
        if not self.refusals:
            return await super().append(stream, events, expected=expected, origin=origin)
        self.refusals -= 1
        if self.refusals % 2:
            await super().append(stream, events, expected=expected, origin=origin)
        raise EventStoreUnavailable("the event store does not answer")


class Unreadable(RecorderEventStore):
    """In memory; reads garbage where it is told."""

    at: Position | None = None

    async def read_all(
        self, *, after: Position, limit: int, where: EventFilter = ANY, until: Position | None = None
    ) -> Sequence[StoredEvent]:
        """The payload of one event is no JSON."""
        found = await super().read_all(after=after, limit=limit, where=where, until=until)
        return [replace(event, data=b"{") if event.position == self.at else event for event in found]


def died(error: BaseException) -> bool:
    """Whether what ended a process is a crash, wherever it was raised."""
    if isinstance(error, BaseExceptionGroup):
        return any(died(one) for one in error.exceptions)
    return isinstance(error, Crash)
