"""What Elasticsearch shows, and up to which position of the log: points in time that many searches share.

The server shows what was written when it looks for it, now and then. A point in time that is opened after such a look
shows a known position and stays as it is, so pages that are read from it hold together.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from elasticsearch import AsyncElasticsearch

from event_schemas.streams import Position

KEPT: Final = "2m"
"""How long the server keeps a point in time that nobody asks for."""
EVERY_S: Final = 1.0


class Snapshot(NamedTuple):
    """A point in time."""

    position: Position
    """All of the log up to here is in it."""
    id: str
    opened: float = 0.0
    """By the process's clock: what was written before is in it."""


class Snapshots:
    """The newest point in time of this process; a new one at most so often, unless somebody needs to see more."""

    def __init__(
        self,
        client: AsyncElasticsearch,
        *,
        index: str,
        position: Callable[[], Awaitable[Position]],
        every: float = EVERY_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``position``: what is written, as the watermarks say."""
        self._client = client
        self._index = index
        self._position = position
        self._every = every
        self._clock = clock
        self._newest: Snapshot | None = None
        self._due = 0.0
        self._lock = asyncio.Lock()

    async def get(self, *, at_least: Position) -> Snapshot:
        """One that shows what is wanted, if it is written by now. Raises what client and ``position`` raise."""
        asked = self._clock()
        if (found := self._good_enough(at_least, asked)) is not None:
            return found
        async with self._lock:  # whoever waited takes what another has opened meanwhile
            if (found := self._good_enough(at_least, asked)) is not None:
                return found
            now, written = self._clock(), await self._position()
            if self._newest is None or self._newest.position != written or written < at_least:
                self._newest = await self._open(written, now)
            self._due = now + self._every
            return self._newest

    def drop(self, snapshot: Snapshot) -> None:
        """The server has it no more."""
        if self._newest == snapshot:
            self._newest = None

    def _good_enough(self, at_least: Position, asked: float) -> Snapshot | None:
        """What is wanted may be written while the position, the least of all lanes, does not say so yet."""
        newest = self._newest
        if newest is None:
            return None
        is_new = newest.position >= at_least and asked < self._due
        return newest if is_new or newest.opened > asked else None

    async def _open(self, position: Position, now: float) -> Snapshot:
        await self._client.indices.refresh(index=self._index)
        opened = await self._client.open_point_in_time(index=self._index, keep_alive=KEPT)
        return Snapshot(position, opened["id"], now)
