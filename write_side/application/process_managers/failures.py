"""What a process could not do and no event can tell: logged, counted, and kept for whoever asks."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

from event_schemas.codec import UndecodableEvent, decode
from event_schemas.envelope import Recorded, StoredEvent
from event_schemas.ports import EventLogUnavailable
from event_schemas.registry import Event
from event_schemas.streams import Position
from write_side.application.requests import Contention, Refused
from write_side.domain.errors import Rejected

PAUSES = (0.05, 0.5)
"""Seconds between attempts at what failed for no known reason."""
KEPT = 100
"""How many of the last failures are kept; all are counted and logged."""
INTERNAL_ERROR = "INTERNAL_ERROR"
UNREADABLE = "UNREADABLE"

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Failure(NamedTuple):
    """One thing that was not done."""

    position: Position
    """Of the event that it should have followed from."""
    code: str
    reason: str


class NotDone(Exception):
    """A command that a process sent was refused for good."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code, self.reason = code, reason


class Failures:
    """Of one process, since it was started."""

    def __init__(self, process: str) -> None:
        self._process = process
        self.count = 0
        self.last: deque[Failure] = deque(maxlen=KEPT)

    def add(self, position: Position, error: NotDone) -> None:
        """Remember one."""
        self.count += 1
        self.last.append(Failure(position, error.code, error.reason))
        _log.error("process %s, event at %d: %s", self._process, position, error)

    def decoded(self, stored: StoredEvent) -> Recorded[Event] | None:
        """The event, or None where it cannot be read, which is a failure of its own and stops no other."""
        try:
            return decode(stored)
        except UndecodableEvent as error:
            self.add(stored.position, NotDone(UNREADABLE, str(error)))
            return None


async def attempted(work: Callable[[], Awaitable[T]]) -> T:
    """What the work brings; raises NotDone when it is refused for good, and what is only down as it is.

    An error that nobody foresaw is tried again a few times: then it is refused as well, so that the rest goes on.
    """
    for pause in (*PAUSES, None):
        try:
            return await work()
        except (EventLogUnavailable, Contention, NotDone):
            raise
        except Rejected as error:
            raise NotDone(error.code, error.message) from error
        except Refused as error:
            raise NotDone(error.code, str(error)) from error
        except UndecodableEvent as error:
            raise NotDone(UNREADABLE, str(error)) from error
        except Exception as error:
            if pause is None:
                _log.exception("a step of a process fails again and again")
                # its text may hold personal data, and the reason may become part of an event
                raise NotDone(INTERNAL_ERROR, f"{type(error).__name__}: see the log of the program") from error
            await asyncio.sleep(pause)
    raise AssertionError("unreachable: the last attempt returns or raises")
