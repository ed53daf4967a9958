"""How the platform is doing: view groups, relay and process managers, against the end of the log. For operators."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.resources import files
from typing import Any, Final, Protocol

import asyncpg
import msgspec

from event_schemas.streams import START, Position
from event_schemas.topics import LOG, Lane


class Asked(Protocol):
    """A connection of asyncpg, or a pool of them."""

    async def fetch(self, query: str, /) -> Sequence[asyncpg.Record]:
        """All rows."""
        ...

    async def fetchval(self, query: str, /) -> Any:
        """One value; None where there is no row."""
        ...


SETTINGS: Final = {
    "role": "crm_worker",  # control tables are none of the API's role, and parked events are of all tenants
    "timezone": "UTC",
    "application_name": "eventcrm-operators",
    "default_transaction_read_only": "on",
    "jit": "off",
}
_RELAYED: Final = "select position from relayed where topic = 'log' and partition = 0"
_PROCESSES: Final = "select process, position from process_checkpoints order by process"


def _sql(name: str) -> str:
    return files("read_api.queries").joinpath(f"{name}.sql").read_text(encoding="utf-8")


class LaneProgress(msgspec.Struct, frozen=True):
    """One lane of a view group."""

    lane: str
    position: Position
    """The last event that the views have seen."""
    reached: Position
    """All up to here that is in the lane is in the views."""
    relayed: Position | None
    """The last event that was published there; None: nothing was, or it is the log itself."""
    lag: int
    """Positions between what was reached and the end of the log."""
    behind: bool
    """Whether there is something to read."""


class GroupProgress(msgspec.Struct, frozen=True):
    """One view group."""

    group: str
    position: Position
    """All views of the group show the log up to here."""
    lag: int
    behind: int
    """How many lanes have something to read."""
    parked: int
    """Events that wait for a person."""
    lanes: Sequence[LaneProgress]


class ProcessProgress(msgspec.Struct, frozen=True):
    """One process manager."""

    process: str
    position: Position
    lag: int
    """It does not move for events that it does not want, except now and then."""


class ParkedStream(msgspec.Struct, frozen=True):
    """A stream at which a view, or with an empty name the whole group, has stopped."""

    group: str
    view: str
    tenant: str
    stream: str
    events: int
    position: Position
    """Of the first event, whose fault it is."""
    type: str
    error: str
    parked_at: datetime


class RelayProgress(msgspec.Struct, frozen=True):
    """What is published, as far as the workers know."""

    position: Position
    lag: int


class Views(msgspec.Struct, frozen=True):
    """What the database of the tables says."""

    relay: RelayProgress | None
    groups: Sequence[GroupProgress]


async def read_views(tables: Asked, head: Position) -> Views:
    """The view groups against the end of the log; raises what asyncpg raises."""
    relayed = await tables.fetchval(_RELAYED)
    parked = {row["group"]: row["events"] for row in await tables.fetch(_sql("progress_parked"))}
    lanes: dict[str, list[LaneProgress]] = {}
    for row in await tables.fetch(_sql("progress_lanes")):
        lanes.setdefault(row["group"], []).append(_lane(row, head))
    relay = None if relayed is None else RelayProgress(Position(relayed), _lag(head, relayed))
    return Views(relay, [_group(name, its, parked) for name, its in lanes.items()])


async def read_processes(log_tables: Asked, head: Position) -> Sequence[ProcessProgress]:
    """The process managers against the end of the log; raises what asyncpg raises."""
    rows = await log_tables.fetch(_PROCESSES)
    return [ProcessProgress(row["process"], row["position"], _lag(head, row["position"])) for row in rows]


async def read_parked(tables: Asked) -> Sequence[ParkedStream]:
    """What waits for a person; raises what asyncpg raises."""
    return [ParkedStream(**row) for row in await tables.fetch(_sql("progress_parked_streams"))]


def _lane(row: asyncpg.Record, head: Position) -> LaneProgress:
    lane = Lane(row["topic"], row["partition"])
    last = head if lane == LOG else row["relayed"] or START
    return LaneProgress(
        lane="the whole log" if lane == LOG else str(lane),
        position=row["position"],
        reached=row["reached"],
        relayed=row["relayed"],
        lag=_lag(head, row["reached"]),
        behind=row["position"] < last,
    )


def _group(name: str, lanes: Sequence[LaneProgress], parked: Mapping[str, int]) -> GroupProgress:
    return GroupProgress(
        group=name,
        position=min(lane.reached for lane in lanes),
        lag=max(lane.lag for lane in lanes),
        behind=sum(lane.behind for lane in lanes),
        parked=parked.get(name, 0),
        lanes=lanes,
    )


def _lag(head: Position, position: int) -> int:
    return max(0, head - position)  # what was asked for first may be older
