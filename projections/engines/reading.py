"""Ways to read a log: ahead of what is being written, and noticing when nothing comes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import TypeVar

from event_schemas.envelope import StoredEvent
from event_schemas.ports import EventLog
from event_schemas.streams import Position

T = TypeVar("T")


async def read_ahead(
    log: EventLog, *, after: Position, limit: int, until: Position | None = None
) -> AsyncGenerator[Sequence[StoredEvent], None]:
    """What is in the log, in batches; the next one is read while the caller is busy with this one."""
    coming = asyncio.create_task(_read(log, after, limit, until))
    try:
        while events := await coming:
            coming = asyncio.create_task(_read(log, events[-1].position, limit, until))
            yield events
    finally:
        coming.cancel()
        await asyncio.wait({coming})


async def _read(log: EventLog, after: Position, limit: int, until: Position | None) -> Sequence[StoredEvent]:
    return await log.read_all(after=after, limit=limit, until=until)


async def with_pauses(source: AsyncIterator[T], *, every: float) -> AsyncGenerator[T | None, None]:
    """The items of the source, and None for each so many seconds in which it had none. Closes the source."""
    coming = _next(source)
    try:
        while True:
            done, _ = await asyncio.wait({coming}, timeout=every)
            if not done:
                yield None
                continue
            try:
                item = coming.result()
            except StopAsyncIteration:
                return
            yield item
            coming = _next(source)
    finally:
        coming.cancel()
        await asyncio.wait({coming})
        if isinstance(source, AsyncGenerator):
            await source.aclose()


def _next(source: AsyncIterator[T]) -> asyncio.Task[T]:
    async def next_item() -> T:
        return await anext(source)

    return asyncio.create_task(next_item())
