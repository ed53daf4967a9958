"""The relay's way through outages, elections and failures, over a transport in memory."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any, cast

import pytest
from msgspec.structs import replace

from event_schemas.envelope import StoredEvent
from event_schemas.ports import ANY, EventFilter, EventLog, EventLogUnavailable
from event_schemas.records import MAX_VALUE_BYTES
from event_schemas.relayed import NOTHING, Relayed
from event_schemas.streams import Position, StreamName
from tests.support.histories import everything
from write_side.application.outgoing import Outgoing
from write_side.application.reading_ahead import ReadingAhead
from write_side.application.relay import Relay, RelayStatus, TransportNotReady, TransportUnavailable

EVENTS = everything(Random(1), 100)[:60]


class Log:
    """Hands out a few events at a time, and not the later ones before it may; fails when told to."""

    def __init__(self, events: Sequence[StoredEvent] = EVENTS, *, at_once: int = 7) -> None:
        self.outages: list[Exception] = []
        self.asked: list[Position] = []
        self.held_from: int | None = None
        self.go_on = asyncio.Event()
        self._events, self._at_once = events, at_once

    async def follow(self, *, after: Position, where: EventFilter = ANY) -> AsyncIterator[Sequence[StoredEvent]]:
        self.asked.append(after)
        coming = [event for event in self._events if event.position > after]
        for start in range(0, len(coming), self._at_once):
            if self.held_from is not None and coming[start].position >= self.held_from:
                await self.go_on.wait()
            await asyncio.sleep(0.001)  # as a server would take, so that not all is one batch
            yield coming[start : start + self._at_once]
            if self.outages:
                raise self.outages.pop()
        await asyncio.Event().wait()


class Transport:
    """Keeps what was committed. What is to go wrong is called before a commit, and after it."""

    def __init__(self) -> None:
        self.committed: list[StoredEvent] = []
        self.positions: list[int] = []
        self.relayed = NOTHING
        self.leads, self.idle = asyncio.Event(), asyncio.Event()
        self.leads.set()
        self.before: list[Callable[[], Awaitable[None]]] = []
        self.after: list[Callable[[], Awaitable[None]]] = []
        self.joined = 0

    def elect(self, *, leads: bool) -> None:
        """Whether the relay is to lead."""
        for event, is_so in ((self.leads, leads), (self.idle, not leads)):
            event.set() if is_so else event.clear()

    @asynccontextmanager
    async def candidacy(self) -> AsyncIterator["Transport"]:
        self.joined += 1
        yield self

    async def elected(self) -> int:
        await self.leads.wait()
        return 1

    async def deposed(self, term: int) -> None:
        await self.idle.wait()

    @asynccontextmanager
    async def publisher(self) -> AsyncIterator["Transport"]:
        yield self

    at_most = MAX_VALUE_BYTES

    async def resume(self) -> Relayed:
        return self.relayed

    async def publish(self, batch: Outgoing) -> None:
        await asyncio.sleep(0)
        if self.before:
            await self.before.pop()()
        self.positions += sorted({int(dict(r.headers)["position"]) for rs in batch.records.values() for r in rs})
        self.relayed = batch.relayed
        if self.after:
            await self.after.pop()()


async def fails() -> None:
    """An outage."""
    raise TransportUnavailable("Kafka: gone")


async def breaks() -> None:
    """A defect."""
    raise ZeroDivisionError("something of ours")


Until = Callable[[Callable[[RelayStatus], bool]], Awaitable[None]]


def _ended(status: RelayStatus) -> bool:
    return status.relayed.position == EVENTS[-1].position


@asynccontextmanager
async def relaying(log: Log, transport: Transport) -> AsyncIterator[tuple[Relay, Until]]:
    """A relay at work, and the waiting until it says something."""
    told: asyncio.Queue[RelayStatus] = asyncio.Queue()
    relay = Relay(
        log=cast("EventLog", log), transport=cast("Any", transport), told=told.put_nowait, longest_wait_seconds=0
    )
    work = asyncio.create_task(relay.run())

    async def until(condition: Callable[[RelayStatus], bool]) -> None:
        while not condition(await told.get()):
            assert not work.done()

    try:
        async with asyncio.timeout(20):
            yield relay, until
    finally:
        work.cancel()
        await asyncio.wait([work])


def everything_once(transport: Transport) -> bool:
    """Each event was committed once, in order."""
    return transport.positions == [event.position for event in EVENTS]


async def test_what_is_there_is_published_in_order() -> None:
    """All of it, and no more."""
    transport = Transport()
    async with relaying(Log(), transport) as (relay, until):
        await until(_ended)
    assert everything_once(transport)
    assert (relay.status.role, relay.status.published) == ("leading", 60)


@pytest.mark.parametrize("error", [fails, breaks])
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_failure_around_a_commit_loses_and_doubles_nothing(
    moment: str, error: Callable[[], Awaitable[None]]
) -> None:
    """The committed checkpoint says where to go on; and the place among the candidates is given up."""
    transport = Transport()
    getattr(transport, moment).append(error)
    async with relaying(Log(), transport) as (_, until):
        await until(_ended)
    assert everything_once(transport)
    assert transport.joined == 2


async def test_an_outage_of_the_log_is_waited_for_without_giving_up_the_lead() -> None:
    """Reading goes on after what was read last."""
    log, transport = Log(), Transport()
    log.outages = [EventLogUnavailable("gone"), EventLogUnavailable("gone")]
    async with relaying(log, transport) as (_, until):
        await until(_ended)
    assert everything_once(transport)
    assert transport.joined == 1
    assert log.asked == [0, 7, 14]


async def test_who_is_deposed_publishes_nothing_more_until_elected_again() -> None:
    """The one that took over was further: it is gone on from there."""
    log, transport = Log(at_once=5), Transport()
    log.held_from = 11
    transport.elect(leads=False)
    async with relaying(log, transport) as (_, until):
        await until(lambda status: status.role == "standing by")
        assert transport.positions == []
        transport.elect(leads=True)
        await until(lambda status: status.relayed.position == 10)
        transport.elect(leads=False)
        await until(lambda status: status.role == "standing by")
        log.go_on.set()
        transport.positions += range(11, 51)
        transport.relayed = Relayed(Position(50))
        transport.elect(leads=True)
        await until(_ended)
    assert everything_once(transport)


async def test_an_event_of_a_foreign_stream_is_counted() -> None:
    """And the rest goes on."""
    stray = replace(EVENTS[3], stream=StreamName("somebody's settings"))
    log, transport = Log([*EVENTS[:3], stray, *EVENTS[4:]]), Transport()
    async with relaying(log, transport) as (relay, until):
        await until(_ended)
        assert relay.status.strays == 1
    assert everything_once(transport)


async def test_a_transport_that_lacks_something_ends_the_relay() -> None:
    """Waiting would not bring it; somebody is told what to do."""

    class Bare(Transport):
        @asynccontextmanager
        async def candidacy(self) -> AsyncIterator[Transport]:
            if self.joined == 0:
                raise TransportNotReady("run this")
            yield self

    relay = Relay(log=cast("EventLog", Log()), transport=cast("Any", Bare()))
    with pytest.raises(TransportNotReady, match="run this"):
        await relay.run()


async def test_a_defect_while_reading_is_seen_and_tried_again() -> None:
    """Whatever it is: nobody else would publish."""
    log, transport = Log(), Transport()
    log.outages = [ZeroDivisionError("ours")]
    async with relaying(log, transport) as (_, until):
        await until(_ended)
    assert everything_once(transport)


@pytest.mark.parametrize(("most_events", "most_bytes"), [(5, 10**9), (10**9, 1), (10**9, 5_000)])
async def test_a_batch_is_bounded(most_events: int, most_bytes: int) -> None:
    """By number and by bytes, but for an event that is too long by itself; nothing is left out."""
    ahead = ReadingAhead(cast("EventLog", Log()), most_events=most_events, most_bytes=most_bytes)
    found: list[StoredEvent] = []
    async with asyncio.timeout(20), ahead.following(Position(0)):
        while len(found) < len(EVENTS):
            batch = await ahead.next()
            size = sum(len(event.data) + len(event.metadata) for event in batch)
            assert len(batch) <= most_events
            assert size <= most_bytes or len(batch) == 1
            found += batch
    assert found == EVENTS
