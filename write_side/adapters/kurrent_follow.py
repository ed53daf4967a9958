"""Following ``$all`` in EventStoreDB / KurrentDB: a catch-up subscription, and another one when it breaks off.

It breaks off with the connection, when the consumer was too slow for the server, when the node is no leader any more.
The next one starts where this one ended; what comes a second time is dropped.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Any

from event_schemas.envelope import StoredEvent
from event_schemas.ports import EventFilter, EventLogUnavailable
from event_schemas.streams import START, Position
from write_side.adapters.kurrent_connection import ConnectionLost, KurrentConnection, is_unknown_position, no_answer
from write_side.adapters.kurrent_events import stored_event
from write_side.adapters.kurrent_filter import ServerFilter

BATCH = 1000
_WINDOW = 1000
"""Events that the server looks at before it tells how far it has come."""

Attach = Callable[[Sequence[StoredEvent]], Awaitable[Sequence[StoredEvent]]]


async def follow(
    connection: KurrentConnection, *, after: Position, where: EventFilter, attach: Attach
) -> AsyncIterator[Sequence[StoredEvent]]:
    """See the port. Raises EventLogUnavailable when the server takes none of several subscriptions."""
    reader = _Reader(connection, after, where)
    failures = 0
    while True:
        generation = connection.generation
        try:
            async with aclosing(reader.batches()) as batches:
                async for batch in batches:
                    failures = 0
                    yield await attach(batch)
        except connection.failures as error:
            if isinstance(error, EventLogUnavailable):
                raise
            if is_unknown_position(error) and not reader.from_start:
                reader.from_start = True
                continue
            connection.check(error)
            failures += 1
            reader.refused += 1
            if reader.refused > len(connection.pauses) or connection.closed:
                raise EventLogUnavailable(no_answer(error)) from error
            pause = connection.pauses[min(failures, len(connection.pauses)) - 1]
            await connection.recover(error, generation=generation, pause=pause)


class _Reader:
    """Knows how far it has come, over all its subscriptions."""

    def __init__(self, connection: KurrentConnection, after: Position, where: EventFilter) -> None:
        self._connection = connection
        self._filter = ServerFilter(where)
        self._position = after
        """Of the last event that is in a batch."""
        self._resume = after
        """From where the server goes on: at or after ``_position``, with nothing wanted in between."""
        self.from_start = False
        """True when the server does not know our position."""
        self.refused = 0
        """Subscriptions in a row that never began."""

    async def batches(self) -> AsyncGenerator[Sequence[StoredEvent], None]:
        """Of one subscription, until it breaks off; then raises what the client raises."""
        if self._filter.nothing:
            await asyncio.Event().wait()
        async with self._subscription() as subscription:
            self.refused = 0
            arrived: asyncio.Queue[StoredEvent | Exception] = asyncio.Queue(BATCH)
            pump = asyncio.create_task(self._pump(subscription, arrived), name="read a subscription")
            try:
                while True:
                    yield await self._next(arrived)
            finally:
                pump.cancel()
                await asyncio.wait([pump])

    def _subscription(self) -> AbstractAsyncContextManager[Any]:
        start = None if self.from_start or self._resume == START else self._resume
        return self._connection.subscribed(
            "subscribe_to_all",
            commit_position=start,
            include_checkpoints=True,
            window_size=_WINDOW,
            checkpoint_interval_multiplier=1,
            **self._filter.options,
        )

    async def _next(self, arrived: "asyncio.Queue[StoredEvent | Exception]") -> Sequence[StoredEvent]:
        """What has arrived by now, at least one event; raises what the subscription ended with once that is read."""
        batch: list[StoredEvent] = []
        while not batch or (len(batch) < BATCH and not arrived.empty()):
            item = await arrived.get()
            if isinstance(item, Exception):
                if not batch:
                    raise item
                arrived.put_nowait(item)  # nothing comes after it
                break
            batch.append(item)
        return batch

    async def _pump(self, subscription: Any, arrived: "asyncio.Queue[StoredEvent | Exception]") -> None:
        """Reads ahead of whoever takes the batches; stops while the queue is full, and the server waits or gives up."""
        ended: Exception = ConnectionLost("the subscription ended")
        try:
            async for record in subscription:
                if record.commit_position <= self._position:
                    continue
                if not isinstance(record, self._connection.library.checkpoint):
                    stored = stored_event(record)
                    if stored is not None and self._filter.takes(stored):
                        await arrived.put(stored)
                        self._position = stored.position
                self._resume = Position(record.commit_position)
        except asyncio.CancelledError:
            # gRPC says so, too, of a call that was cancelled with its connection: nobody cancelled this task then
            if _is_cancelled():
                raise
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is raised where the batches are taken
            ended = error
        if not _is_cancelled():  # the older client swallows a cancellation; nobody takes from here any more
            await arrived.put(ended)


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
