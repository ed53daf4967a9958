"""Reading a log ahead, and noticing when nothing comes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from random import Random
from typing import Any, cast

import pytest

from event_schemas.envelope import StoredEvent
from event_schemas.ports import EventLog, EventLogUnavailable
from event_schemas.streams import START, Position
from projections.engines.reading import read_ahead, with_pauses
from tests.support.histories import deals

EVENTS = deals(Random(1), 5)


class ShortLog:
    """A log that a test may shorten, or lose, while it is read."""

    def __init__(self, events: Sequence[StoredEvent]) -> None:
        self.events = events
        self.asked: list[int] = []

    async def read_all(self, *, after: Position, limit: int, until: Position | None = None) -> Sequence[StoredEvent]:
        """As the port says."""
        self.asked.append(after)
        if after == 99:
            raise EventLogUnavailable("away")
        last = self.events[-1].position if until is None else until
        return [event for event in self.events if after < event.position <= last][:limit]


def log_of(events: Sequence[StoredEvent]) -> Any:
    """As the port, of which only read_all is used."""
    return cast("EventLog", ShortLog(events))


async def test_everything_is_read_once_in_order() -> None:
    """In batches of the size asked for, until there is no more."""
    read = [list(batch) async for batch in read_ahead(log_of(EVENTS), after=Position(2), limit=3)]
    assert [event for batch in read for event in batch] == EVENTS[2:]
    assert {len(batch) for batch in read[:-1]} == {3}


async def test_nothing_is_read_past_the_end_that_is_wanted() -> None:
    """The last batch is as short as it has to be."""
    there = read_ahead(log_of(EVENTS), after=Position(2), until=Position(7), limit=3)
    assert [[event.position for event in batch] async for batch in there] == [[3, 4, 5], [6, 7]]


async def test_the_next_batch_is_on_its_way_while_this_one_is_used() -> None:
    """It is asked for before the reader comes back for it."""
    log = log_of(EVENTS)
    async with aclosing(read_ahead(log, after=START, limit=3)) as batches:
        await anext(batches)
        await asyncio.sleep(0)
        assert log.asked == [0, 3]


async def test_a_log_that_is_away_is_said_to_the_reader() -> None:
    """Not before the batches that could be read."""
    with pytest.raises(EventLogUnavailable):
        await anext(read_ahead(log_of([]), after=Position(99), limit=3))


async def test_a_pause_is_none_and_loses_nothing() -> None:
    """What comes after a pause is what was waited for."""
    go_on = asyncio.Event()
    closed = []

    async def source() -> AsyncIterator[int]:
        try:
            yield 1
            await go_on.wait()
            yield 2
        finally:
            closed.append(True)

    items = with_pauses(source(), every=0.001)
    assert await anext(items) == 1
    assert await anext(items) is None
    assert await anext(items) is None
    go_on.set()
    assert [item async for item in items if item is not None] == [2]
    assert closed == [True]


async def test_closing_ends_the_source_in_the_middle_of_a_wait() -> None:
    """Nobody waits for an event after the reader has gone."""
    closed = []

    async def source() -> AsyncIterator[int]:
        try:
            await asyncio.Event().wait()
            yield 1
        finally:
            closed.append(True)

    async with aclosing(with_pauses(source(), every=0.001)) as items:
        assert await anext(items) is None
    assert closed == [True]
