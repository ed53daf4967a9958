"""Reads in the log what did not come by Kafka: one pass for all lanes that miss something."""

from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Any

from event_schemas.envelope import StoredEvent
from event_schemas.ports import EventLog
from event_schemas.streams import Position
from event_schemas.topics import Lane, lane_of
from projections.engines.reading import read_ahead
from projections.runner import Runner


class NoLongerMine(Exception):
    """The lanes may belong to somebody else by now: what was being done for them is left where it is."""


async def catch_up(
    log: EventLog, runner: Runner[Any], wanted: Mapping[Lane, Position], *, batch: int, mine: Callable[[], bool]
) -> int:
    """Take each of the lanes from its watermark to the wanted position; how many events that took.

    Asks ``mine`` before every batch, and raises NoLongerMine.
    """
    given = 0
    start, until = min(runner.positions[lane] for lane in wanted), max(wanted.values())
    async with aclosing(read_ahead(log, after=start, until=until, limit=batch)) as pages:
        async for page in pages:
            if not mine():
                raise NoLongerMine
            events = [event for event in page if _is_missing(event, runner.positions, wanted)]
            await runner.project(events)
            given += len(events)
    return given


def _is_missing(event: StoredEvent, there: Mapping[Lane, Position], wanted: Mapping[Lane, Position]) -> bool:
    lane = lane_of(event.stream)
    return lane in wanted and there[lane] < event.position <= wanted[lane]
