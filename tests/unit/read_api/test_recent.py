"""The views' position of a moment ago: asked for once in a while, by one of all who want it."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from event_schemas.streams import Position
from read_api.recent import Recent


class Views:
    """Tells a position that grows each time, and the time."""

    def __init__(self) -> None:
        self.asked = 0
        self.now = 0.0

    async def read(self) -> Position:
        """One more than the last time."""
        await asyncio.sleep(0)
        self.asked += 1
        return Position(self.asked)

    def recent(self, read: Callable[[], Awaitable[Position]] | None = None) -> Recent[Position]:
        """What is under test, with answers good for a second."""
        return Recent(read or self.read, max_age=1.0, clock=lambda: self.now)


async def test_an_answer_is_good_for_a_while() -> None:
    """Then it is asked for again."""
    views = Views()
    recent = views.recent()
    assert [await recent() for _ in range(3)] == [1, 1, 1]
    views.now = 0.9
    assert await recent() == 1
    views.now = 1.0
    assert await recent() == 2


async def test_one_asks_for_all() -> None:
    """Whoever comes while the question is open gets its answer."""
    views = Views()
    recent = views.recent()
    assert await asyncio.gather(*(recent() for _ in range(10))) == [1] * 10


async def test_a_failure_is_not_kept() -> None:
    """Who asks is told; the next one asks again."""
    views = Views()

    async def fails_once() -> Position:
        if not views.asked:
            views.asked = 1
            raise ConnectionError("away")
        return await views.read()

    recent = views.recent(fails_once)
    with pytest.raises(ConnectionError):
        await recent()
    assert await recent() == 2
