"""Measures a reader of a topic from its first record to its last: how it joined its group is not its rate."""

import asyncio
import time


class Clock:
    """Wall time, and CPU time of the process, of so many events."""

    def __init__(self, events: int) -> None:
        self.events = events
        self.ended = asyncio.Event()
        self._begun: tuple[float, float] | None = None
        self._took = (0.0, 0.0)

    def begin(self) -> None:
        """The first call counts."""
        if self._begun is None:
            self._begun = (time.perf_counter(), time.process_time())

    def end(self) -> None:
        """All have been taken."""
        assert self._begun is not None
        self._took = (time.perf_counter() - self._begun[0], time.process_time() - self._begun[1])
        self.ended.set()

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self._took[0]

    @property
    def microseconds(self) -> float:
        """CPU of this process per event."""
        return 1e6 * self._took[1] / self.events
