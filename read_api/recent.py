"""What was known a moment ago."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

MAX_AGE_SECONDS = 1.0


T = TypeVar("T")


class Recent(Generic[T]):
    """What is asked for at most once in a while; whoever comes in between is told the last answer."""

    def __init__(
        self,
        read: Callable[[], Awaitable[T]],
        *,
        max_age: float = MAX_AGE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._max_age = max_age
        self._clock = clock
        self._lock = asyncio.Lock()
        self._answer: T | None = None
        self._expires = float("-inf")

    async def __call__(self) -> T:
        """The answer, at most so old; raises what asking raises."""
        answer = self._answer
        if answer is None or self._clock() >= self._expires:
            async with self._lock:
                answer = self._answer
                if answer is None or self._clock() >= self._expires:
                    answer = self._answer = await self._read()
                    self._expires = self._clock() + self._max_age
        return answer
