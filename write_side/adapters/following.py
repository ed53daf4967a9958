"""Following a log: wait until it is longer, read what is new. One poll for all followers of a process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from event_schemas.envelope import StoredEvent
from event_schemas.ports import EventFilter, EventLog, EventLogUnavailable
from event_schemas.streams import START, Position

POLL_SECONDS = 0.05
"""How soon an append by another process is noticed."""
BATCH = 1000


class HeadWatch:
    """Knows how long the log is at least: told by appends of this process, and by asking while somebody waits."""

    def __init__(self, read_head: Callable[[], Awaitable[Position]], *, poll_seconds: float) -> None:
        self._read_head = read_head
        self._poll_seconds = poll_seconds
        self._known = START
        self._waiters: set[asyncio.Future[None]] = set()
        self._nudged = asyncio.Event()
        self._poller: asyncio.Task[None] | None = None
        self._closed = False

    def wake(self, head: Position = START) -> None:
        """The log has grown, to this position if that is known."""
        if head > self._known:
            self._known = head
            for waiter in self._waiters:
                if not waiter.done():
                    waiter.set_result(None)
        elif head == START:
            self._nudged.set()

    async def past(self, position: Position) -> Position:
        """Wait until the log is longer than that; its length then. Raises what reading the head raises."""
        while self._known <= position:
            if self._closed:
                raise EventLogUnavailable("the log is closed")
            if self._poller is None:
                self._poller = asyncio.create_task(self._poll(), name="poll the log's head")
                self._poller.add_done_callback(self._pass_on_failure)
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.add(waiter)
            try:
                await waiter
            finally:
                self._waiters.discard(waiter)
        return self._known

    async def close(self) -> None:
        """Stop asking; whoever waits is told."""
        self._closed = True
        self._fail(EventLogUnavailable("the log is closed"))
        if self._poller is not None:
            self._poller.cancel()
            await asyncio.wait([self._poller])

    async def _poll(self) -> None:
        try:
            while self._waiters:
                self._nudged.clear()
                head = await self._read_head()
                if head > START:
                    self.wake(head)
                await self._pause()
        finally:
            self._poller = None

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._poll_seconds):
                await self._nudged.wait()
        except TimeoutError:
            return

    def _pass_on_failure(self, poller: asyncio.Task[None]) -> None:
        if not poller.cancelled() and (error := poller.exception()) is not None:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_exception(error)


async def follow(
    log: EventLog, watch: HeadWatch, *, after: Position, where: EventFilter
) -> AsyncIterator[Sequence[StoredEvent]]:
    """What the port's ``follow`` says, for a log whose positions are visible in order."""
    while True:
        head = await watch.past(after)
        events = await log.read_all(after=after, limit=BATCH, where=where, until=head)
        # fewer than asked for: whatever the filter left out up to the head need not be read again
        after = events[-1].position if len(events) == BATCH else head
        if events:
            yield events
