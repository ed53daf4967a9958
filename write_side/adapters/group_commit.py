"""Group commit: appends that wait at the same time go to the store together."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Sequence

from event_schemas.envelope import StoredEvent
from event_schemas.streams import Position, StreamName
from write_side.application.ports import EventStoreUnavailable, VersionConflict

MAX_COMMANDS = 512
MAX_BYTES = 4_000_000
LANES = 2
WORTH_A_CALL = 16
"""Fewer appends than this are not spread over two calls: a call costs as much as some appends, and a flush."""


class Append:
    """The sealed events of one command that wait for the store's answer; awaiting it gives the last one's position."""

    __slots__ = ("_answer", "events", "expected", "stream")

    def __init__(self, stream: StreamName, expected: int, events: Sequence[StoredEvent]) -> None:
        self.stream = stream
        self.expected = expected
        self.events = events
        self._answer: asyncio.Future[Position] = asyncio.get_running_loop().create_future()

    def __await__(self) -> Generator[object, None, Position]:
        return self._answer.__await__()

    @property
    def settled(self) -> bool:
        """Answered, or its caller went away."""
        return self._answer.done()

    def stored(self, position: Position) -> None:
        """All its events are in the log, the last one at this position."""
        if not self._answer.done():
            self._answer.set_result(position)

    def refused(self, version: int) -> None:
        """Its stream was found at this version, or has one of its events already."""
        self.failed(VersionConflict(self.stream, expected=self.expected, actual=version))

    def failed(self, error: Exception) -> None:
        """None of its events is known to be stored."""
        if not self._answer.done():
            self._answer.set_exception(error)


class GroupCommit:
    """Puts waiting appends into calls: at most one append per stream in a call, and in their order per stream.

    Two calls may be under way at once, on different streams: while the store makes one durable, the other is prepared.
    An append whose caller goes away before its call is never sent; afterwards it runs to its end, unobserved.
    """

    def __init__(
        self,
        send: Callable[[Sequence[Append]], Awaitable[None]],
        *,
        lanes: int = LANES,
        max_commands: int = MAX_COMMANDS,
        worth_a_call: int = WORTH_A_CALL,
    ) -> None:
        """``send`` settles every append that it is given."""
        self._send = send
        self._max_lanes = lanes
        self._max_commands = max_commands
        self._worth_a_call = worth_a_call
        self._lanes: set[asyncio.Task[None]] = set()
        self._gathering = 0
        self._closed = False
        self._ready: deque[Append] = deque()
        self._under_way = 0
        self._behind: dict[StreamName, deque[Append] | None] = {}
        """For each stream with an append that is ready or under way: those that wait behind it."""

    def submit(self, append: Append) -> None:
        """Take an append; it will be settled."""
        if self._closed:
            raise EventStoreUnavailable("the event store is closed")
        stream = append.stream
        if stream not in self._behind:
            self._behind[stream] = None
            self._ready.append(append)
            self._open_lane()
        elif (behind := self._behind[stream]) is None:
            self._behind[stream] = deque((append,))
        else:
            behind.append(append)

    async def close(self) -> None:
        """Take no more, and wait until all that were taken are settled."""
        self._closed = True
        while self._lanes:
            await asyncio.wait(self._lanes)

    def _open_lane(self) -> None:
        if self._ready and not self._gathering and len(self._lanes) < self._max_lanes:
            lane = asyncio.create_task(self._run_lane(), name="append")
            self._lanes.add(lane)
            lane.add_done_callback(self._lane_ended)

    def _lane_ended(self, lane: asyncio.Task[None]) -> None:
        self._lanes.discard(lane)
        if not lane.cancelled():  # with the whole process, in which case nothing more is begun
            self._open_lane()

    async def _run_lane(self) -> None:
        while batch := await self._gather():
            self._under_way += len(batch)
            self._open_lane()
            try:
                await self._send(batch)
            finally:
                self._under_way -= len(batch)
                for append in batch:
                    if not append.settled:
                        append.failed(EventStoreUnavailable("appending was ended before the store had answered"))
                    self._advance(append.stream)

    async def _gather(self) -> list[Append]:
        """The next call's appends, after those who were answered just now had their turn to come back with more."""
        self._gathering += 1
        try:
            await asyncio.sleep(0)
        finally:
            self._gathering -= 1
        batch: list[Append] = []
        limit = max(self._worth_a_call, -(-(len(self._ready) + self._under_way) // self._max_lanes))
        limit, room = min(limit, self._max_commands), MAX_BYTES
        while self._ready and len(batch) < limit and room > 0:
            append = self._ready.popleft()
            if append.settled:
                self._advance(append.stream)
            else:
                batch.append(append)
                for event in append.events:
                    room -= len(event.metadata) + len(event.data)
        return batch

    def _advance(self, stream: StreamName) -> None:
        """The stream's foremost append is done with: the next one is ready."""
        if behind := self._behind[stream]:
            self._ready.append(behind.popleft())
        else:
            del self._behind[stream]
