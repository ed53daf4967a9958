"""How far the views were a moment ago."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from event_schemas.streams import START, Position

MAX_AGE_SECONDS = 1.0


class RecentPosition:
    """A position that is asked for at most once in a while; whoever comes in between is told the last answer."""

    def __init__(
        self,
        read: Callable[[], Awaitable[Position]],
        *,
        max_age: float = MAX_AGE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._max_age = max_age
        self._clock = clock
        self._lock = asyncio.Lock()
        self._position = START
        self._expires = float("-inf")

    async def __call__(self) -> Position:
        """The position, at most so old; raises what asking raises."""
        if self._clock() >= self._expires:
            async with self._lock:
                if self._clock() >= self._expires:
                    self._position = await self._read()
                    self._expires = self._clock() + self._max_age
        return self._position
