"""How far a view group is: its watermarks and its dead letters, all rows of one PostgreSQL."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

import msgspec

from event_schemas.streams import Position, StreamName
from event_schemas.topics import LOG, Lane
from projections.errors import KeptByLanes, WatermarkMoved
from projections.projecting import DeadLetter, Parked
from projections.sinks.connection import Connection, translated
from projections.sinks.statements import statements


class Move(NamedTuple):
    """From where to where a watermark goes, and the offset of the record to read next, where there is one."""

    old: Position
    new: Position
    next_offset: int | None = None


class Progress:
    """The rows of one view group, over one connection that nobody else uses."""

    def __init__(self, *, group: str, connection: Connection) -> None:
        self._group = group
        self._connection = connection
        self._sql = statements("progress.sql")

    async def watermarks(self, lanes: Collection[Lane]) -> dict[Lane, Position]:
        """The positions up to which the group has seen everything of these lanes.

        Raises KeptByLanes for the whole log of a group that was divided.
        """
        topics, partitions = _columns(lanes)
        with translated():
            if LOG in lanes and await self._connection.fetchval(self._sql["is_divided"], self._group):
                raise KeptByLanes(
                    f"the views of group {self._group} are kept by workers behind Kafka: run with --profile full"
                )
            await self._connection.execute(self._sql["begin"], self._group, topics, partitions)
            rows = await self._connection.fetch(self._sql["watermarks"], self._group, topics, partitions)
        return {Lane(row["topic"], row["partition"]): Position(row["position"]) for row in rows}

    async def next_offsets(self, lanes: Collection[Lane]) -> dict[Lane, int]:
        """The offset to read next of each lane that has one."""
        with translated():
            rows = await self._connection.fetch(self._sql["watermarks"], self._group, *_columns(lanes))
        found = {Lane(row["topic"], row["partition"]): row["next_offset"] for row in rows}
        return {lane: offset for lane, offset in found.items() if offset is not None}

    async def divide(self, lanes: Collection[Lane]) -> None:
        """From now on the group is taken forward in these lanes; what the whole log's watermark said goes for each."""
        with translated():
            await self._connection.execute(self._sql["divide"], self._group, *_columns(lanes))

    @asynccontextmanager
    async def moving(self, moves: Mapping[Lane, Move]) -> AsyncIterator[None]:
        """A transaction that moves watermarks, first of all: WatermarkMoved when one is not where it was left."""
        ordered = sorted(moves)
        values = zip(*(moves[lane] for lane in ordered), strict=True)
        with translated():
            async with self._connection.transaction():
                moved = await self._connection.execute(self._sql["move"], self._group, *_columns(ordered), *values)
                if moved != f"UPDATE {len(moves)}":
                    raise WatermarkMoved(f"{self._group}: somebody else has moved a watermark of {_listed(moves)}")
                yield

    async def parked(self, streams: Collection[StreamName]) -> frozenset[Parked]:
        """Which views have stopped at which of these streams."""
        rows = await self._connection.fetch(self._sql["parked"], self._group, list(streams))
        return frozenset((row["view"], row["stream"]) for row in rows)

    async def parked_count(self) -> int:
        """How many events wait for a person."""
        with translated():
            return int(await self._connection.fetchval(self._sql["parked_count"], self._group))

    async def park(self, letters: Sequence[DeadLetter]) -> None:
        """Keep what was parked; inside ``moving``."""
        if letters:
            parked = [msgspec.structs.astuple(letter) for letter in letters]
            await self._connection.execute(self._sql["park"], self._group, *zip(*parked, strict=True))

    async def forget_parked(self, lane_of: Callable[[StreamName], Lane], lanes: Collection[Lane]) -> None:
        """These lanes begin again: the group will see their streams from the first event; inside ``moving``."""
        rows = await self._connection.fetch(self._sql["parked_streams"], self._group)
        streams = [row["stream"] for row in rows if lane_of(row["stream"]) in lanes]
        await self._connection.execute(self._sql["forget_parked"], self._group, streams)


def _columns(lanes: Collection[Lane]) -> tuple[list[str], list[int]]:
    return [lane.topic for lane in lanes], [lane.partition for lane in lanes]


def _listed(moves: Mapping[Lane, Move]) -> str:
    return ", ".join(f"{lane} from {move.old}" for lane, move in sorted(moves.items()))
