"""How far the views are, lane by lane: told by projections of this process, and asked for while somebody waits."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping

from event_schemas.streams import START, Position
from event_schemas.topics import LOG, Lane

POLL_SECONDS = 0.03
FIRST_PART = 16
"""The first pause is so much shorter: views are mostly a few milliseconds behind."""

Wanted = Mapping[Lane, Position]


class Watermarks:
    """Of one view group. All who wait share one question: which of the lanes that they wait for are how far."""

    def __init__(
        self,
        read: Callable[[Collection[Lane]], Awaitable[Mapping[Lane, Position]]],
        *,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        """``read`` answers for each lane, also when the group is taken forward by the whole log.

        Of ``LOG`` it says up to where all lanes are.
        """
        self._read = read
        self._poll_seconds = poll_seconds
        self._known: dict[Lane, Position] = {}
        self._waiters: dict[asyncio.Future[None], Wanted] = {}
        self._nudged = asyncio.Event()
        self._poller: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many wait now."""
        return len(self._waiters)

    def advanced(self, position: Position) -> None:
        """The views have reached a position of the whole log; wakes who waits for it."""
        self._learn({LOG: position})

    def heard(self, reached: Mapping[Lane, Position]) -> None:
        """Somebody else says where lanes are. That is not believed, but asked at once if one of them is waited for."""
        if LOG in reached or any(LOG in each or each.keys() & reached.keys() for each in self._waiters.values()):
            self._nudged.set()

    def missed(self) -> None:
        """Somebody else may have said something: it is asked at once if anything is waited for."""
        self._nudged.set()

    async def reached(self, wanted: Wanted) -> None:
        """Wait until each lane has reached its position, without limit; raises what asking raises."""
        while not self._has(wanted):
            waiter = asyncio.get_running_loop().create_future()
            self._waiters[waiter] = wanted
            if self._poller is None:
                self._poller = asyncio.create_task(self._poll(), name="poll the views' positions")
            elif self._poll_seconds > POLL_SECONDS:
                self._nudged.set()  # the next question may be far, and what was heard before was of no interest
            try:
                await waiter
            finally:
                del self._waiters[waiter]

    async def close(self) -> None:
        """Stop asking."""
        if self._poller is not None:
            self._poller.cancel()
            await asyncio.wait([self._poller])

    def _has(self, wanted: Wanted) -> bool:
        whole = self._known.get(LOG, START)
        return all(position <= max(whole, self._known.get(lane, START)) for lane, position in wanted.items())

    def _learn(self, positions: Mapping[Lane, Position]) -> None:
        for lane, position in positions.items():
            self._known[lane] = max(position, self._known.get(lane, START))
        for waiter, wanted in self._waiters.items():
            if not waiter.done() and self._has(wanted):
                waiter.set_result(None)

    async def _poll(self) -> None:
        pause = self._poll_seconds / FIRST_PART
        try:
            while self._waiters:
                self._nudged.clear()
                self._learn(await self._read({lane for wanted in self._waiters.values() for lane in wanted}))
                await self._pause(pause)
                pause = min(2 * pause, self._poll_seconds)
        except Exception as error:  # noqa: BLE001 - whoever waits gets it
            for waiter in self._waiters:
                if not waiter.done():
                    waiter.set_exception(error)
        finally:
            self._poller = None

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._nudged.wait()
        except TimeoutError:
            return
