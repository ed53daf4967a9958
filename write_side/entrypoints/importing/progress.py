"""What an import has done so far, and in the end."""

import time
from collections.abc import Callable
from typing import Protocol

import msgspec


class Summary(msgspec.Struct, kw_only=True):
    """How an import ended, or how far it is. Every row is accepted, unchanged or rejected."""

    batch: str
    rows: int = 0
    accepted: int = 0
    unchanged: int = 0
    rejected: int = 0
    events: int = 0
    seconds: float = 0.0


class Progress(Protocol):
    """Whoever watches an import."""

    def __call__(self, summary: Summary, fraction: float | None, /) -> None:
        """Called every now and then. ``fraction`` of the file was read, where that can be told."""
        ...


class Pace:
    """Calls a Progress at most so often."""

    def __init__(self, progress: Progress, *, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._progress = progress
        self._seconds = seconds
        self._clock = clock
        self._started = clock()
        self._next = 0.0

    def tick(self, summary: Summary, fraction: Callable[[], float | None], *, last: bool = False) -> None:
        """Something was done; ``last``: all is done."""
        now = self._clock()
        if now >= self._next or last:
            self._next = now + self._seconds
            summary.seconds = round(now - self._started, 3)
            self._progress(summary, fraction())
