"""A tenant's events as a subscription reads them: chunk by chunk, window by window, no position twice or never."""

from collections.abc import Sequence
from random import Random
from typing import Any, cast

import pytest

from event_schemas.email import EmailReserved
from event_schemas.envelope import StoredEvent
from event_schemas.ports import EventFilter, EventLog
from event_schemas.streams import Position
from read_api import event_stream
from read_api.errors import ApiError
from read_api.event_stream import EventStream, Happened, known_types, wanted_types
from tests.support.events import DEMO, Log, some_id
from tests.support.histories import everything


class MemoryLog:
    """As much of a log as a stream reads, over events in memory; it may end later than its last event."""

    def __init__(self, events: Sequence[StoredEvent], *, head: int | None = None) -> None:
        self._events = events
        self._head = head
        self.reads: list[tuple[int, int]] = []

    async def head(self) -> Position:
        """The end."""
        return Position(self._head or self._events[-1].position)

    async def read_all(
        self, *, after: Position, limit: int, where: EventFilter, until: Position
    ) -> Sequence[StoredEvent]:
        """As the port says."""
        self.reads.append((after, until))
        wanted = (event for event in self._events if after < event.position <= until)
        return [event for event in wanted if where.types is None or event.type in where.types][:limit]


def stream(log: MemoryLog, *, types: frozenset[str] | None = None, user: str = "ada") -> EventStream:
    """From the start of a log."""
    return EventStream(cast("EventLog", log), tenant=DEMO, user_id=user, types=types, after=Position(0))


async def told(reader: EventStream) -> list[Happened]:
    """All that it tells now."""
    return [item async for chunk in reader.events() for item in chunk]


@pytest.mark.parametrize(("chunk", "window"), [(1, 1), (2, 3), (7, 5), (5, 7), (100, 100_000)])
async def test_chunks_and_windows_change_nothing(monkeypatch: pytest.MonkeyPatch, chunk: int, window: int) -> None:
    """Whatever their sizes, each event comes once and in order; all of them, or those of some types."""
    monkeypatch.setattr(event_stream, "CHUNK", chunk)
    monkeypatch.setattr(event_stream, "WINDOW", window)
    events = everything(Random(1), 150)
    for types in (None, frozenset({"deal.opened", "lead.captured"})):
        wanted = [event.position for event in events if event.type in (types or known_types())]
        log = MemoryLog(events)
        assert [item.position for item in await told(stream(log, types=types))] == wanted
        assert all(until - after <= window for after, until in log.reads)


async def test_what_nobody_wants_is_not_walked_over_again() -> None:
    """The next read begins at the end of the log, not at the last event that was told."""
    log = MemoryLog(everything(Random(1), 50), head=1_000)
    reader = stream(log, types=frozenset({"deal.opened"}))
    await told(reader)
    assert reader.position == 1_000
    read = len(log.reads)
    assert await told(reader) == []
    assert len(log.reads) == read


async def test_only_who_saved_a_view_is_told_of_it_and_nobody_of_addresses() -> None:
    """Neither wakes a subscription for nothing when it is about an address."""
    log = Log()
    log.append("email", "0" * 64, EmailReserved(contact_id=some_id("contact")))
    addresses = list(log.events)
    saved = [event for event in everything(Random(2), 300, after=1) if event.type.startswith("saved_view.")]
    assert saved
    everybody = MemoryLog([*addresses, *saved])
    assert [item.position for item in await told(stream(everybody))] == [event.position for event in saved]
    assert await told(stream(everybody, user="bo")) == []
    assert not stream(everybody).wakes(addresses)


def test_types_are_those_that_can_be_told() -> None:
    """No bookkeeping and no addresses; none asked for means all."""
    assert {"deal.opened", "lead.captured", "batch.started"} <= set(known_types())
    assert not {"command.accepted", "email.reserved", "email.released"} & set(known_types())
    assert wanted_types(None) is None
    assert wanted_types(["deal.won", "deal.won"]) == frozenset({"deal.won"})


@pytest.mark.parametrize("names", [[], ["deal.forgotten"], ["email.reserved", "deal.won"], ["x" * 10_000]])
def test_unknown_types_are_refused(names: list[str]) -> None:
    """With what there is."""
    with pytest.raises(ApiError) as refused:
        wanted_types(names)
    extensions: Any = refused.value.extensions
    assert extensions["code"] == "BAD_REQUEST"
    assert not names or extensions["types"] == list(known_types())
