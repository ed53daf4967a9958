"""How a view group does that is taken forward lane by lane; said in the log when it changes."""

import logging
from collections.abc import Mapping
from typing import Final

import msgspec

from event_schemas.relayed import NOTHING, Relayed
from event_schemas.streams import START, Position
from event_schemas.topics import Lane

_NAMED: Final = 3
_log: Final = logging.getLogger(__name__)


class LaneStatus(msgspec.Struct):
    """Of the lanes that one process owns."""

    group: str
    lanes: int = 0
    """How many of them are this process's."""
    position: Position = START
    """Everything up to here has been seen that is in these lanes."""
    lag: int = 0
    """How far that is behind what the relay has published, in positions of the log."""
    parked: int = 0
    """Events of the group that wait for a person."""
    gaps: int = 0
    """How often a lane missed something."""
    healed: int = 0
    """Events that were read in the log because they did not come by Kafka."""
    duplicates: int = 0
    """Records that came again, or late."""
    foreign: int = 0
    """Records that the relay has not written."""
    waits_for: str | None = "Kafka to assign lanes"
    """What is down, while something is."""


class Report:
    """Keeps the status."""

    def __init__(self, group: str) -> None:
        self.status = LaneStatus(group)

    def read(self, *, duplicates: int, foreign: int) -> None:
        """Records that changed nothing."""
        if duplicates:
            self.status.duplicates += duplicates
            _log.info("view group %s skipped %d records that it had", self.status.group, duplicates)
        if foreign:
            self.status.foreign += foreign
            _log.warning("view group %s skipped %d records that are not the relay's", self.status.group, foreign)

    def healed(self, missing: Mapping[Lane, Position], events: int) -> None:
        """What was missing was read in the log."""
        self.status.gaps += len(missing)
        self.status.healed += events
        where = ", ".join(f"{lane} up to {until}" for lane, until in sorted(missing.items())[:_NAMED])
        if len(missing) > _NAMED:
            where += f" and {len(missing) - _NAMED} more lanes"
        _log.info("view group %s read %d events in the log: %s", self.status.group, events, where)

    def reached(self, positions: Mapping[Lane, Position], parked: int, relayed: Relayed | None) -> None:
        """Where the lanes are now; nothing is down."""
        published = relayed or NOTHING
        status = self.status
        changed = status.waits_for is not None or status.lanes != len(positions)
        status.lanes, status.parked = len(positions), parked
        status.position = min(
            (_reached(position, published, lane) for lane, position in positions.items()), default=published.position
        )
        status.lag = max(0, published.position - status.position)
        status.waits_for = None
        if changed:
            _log.info("view group %s goes on at %d in %d lanes", status.group, status.position, status.lanes)

    def down(self, what: str) -> None:
        """Something that everybody can see is down."""
        self.waits_for(what, logging.WARNING)

    def waits_for(self, reason: str, level: int, traceback_of: BaseException | None = None) -> None:
        """What the group cannot go on without."""
        if self.status.waits_for != reason:
            _log.log(level, "view group %s waits: %s", self.status.group, reason, exc_info=traceback_of)
        self.status.waits_for = reason


def _reached(position: Position, published: Relayed, lane: Lane) -> Position:
    """A lane with all that was published of it is as far as the relay: there is nothing between."""
    return position if position < published.of(lane) else max(position, published.position)
