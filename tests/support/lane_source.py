"""The partitions of topics in memory, as a member of a consumer group sees them: what is there, lost, doubled, late."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from random import Random

import msgspec

from event_schemas.envelope import StoredEvent
from event_schemas.records import headers_of, value_of
from event_schemas.relayed import Relayed
from event_schemas.streams import START, Position
from event_schemas.topics import ENTITY_LANES, Lane, lane_of
from projections.engines.lane_records import Records
from projections.engines.lanes import Kept


class Sent(msgspec.Struct, frozen=True):
    """A record; two are those of a transaction's mark apart, as often as not."""

    offset: int
    headers: list[tuple[str, bytes]]
    value: bytes | None


def records_of(
    events: Iterable[StoredEvent], *, after: Mapping[Lane, Position] | None = None
) -> dict[Lane, list[Sent]]:
    """What the relay makes of events, every offset twice the one of a topic without transactions."""
    last = dict(after or {})
    lanes: dict[Lane, list[Sent]] = {}
    for event in events:
        lane = lane_of(event.stream)
        some = lanes.setdefault(lane, [])
        headers = headers_of(event, previous=last.get(lane, START))
        some.append(Sent(2 * len(some), headers, value_of(event)))
        last[lane] = event.position
    return lanes


def relayed_of(events: Sequence[StoredEvent]) -> Relayed:
    """The checkpoint after all of them."""
    return Relayed(events[-1].position, {lane_of(event.stream): event.position for event in events})


class LaneSource:
    """Implements ``Source``: all lanes are this member's; whatever is put into ``log`` may be fetched."""

    def __init__(
        self, log: Mapping[Lane, Sequence[Sent]], *, lanes: Collection[Lane] = ENTITY_LANES, seed: int = 0
    ) -> None:
        self.log = {lane: list(log.get(lane, ())) for lane in ENTITY_LANES}
        self.first = dict.fromkeys(ENTITY_LANES, 0)
        self.lanes = lanes
        self.turn = 0
        self.places: dict[Lane, int] = {}
        self.pauses: list[float] = []
        self._random = Random(seed)

    async def kept(self, lanes: Collection[Lane]) -> Mapping[Lane, Kept]:
        """What has not been deleted, and the end."""
        return {lane: Kept(self.first[lane], self._end(lane)) for lane in lanes}

    async def seek(self, offsets: Mapping[Lane, int]) -> None:
        """Read on from there."""
        self.places |= offsets

    async def fetch(self) -> Records:
        """A few records of a few lanes; nothing when all have been fetched."""
        await asyncio.sleep(0)
        found: dict[Lane, Sequence[Sent]] = {}
        for lane in self._random.sample(sorted(self.lanes), k=len(self.lanes)):
            coming = [one for one in self.log[lane] if one.offset >= max(self.places[lane], self.first[lane])]
            if taken := coming[: self._random.choice((1, 3, 50))]:
                found[lane] = taken
                self.places[lane] = taken[-1].offset + 1
        return found

    async def is_drained(self, lane: Lane) -> bool:
        """Whether nothing is left to fetch."""
        return self.places[lane] >= self._end(lane) - 1

    async def pause(self, seconds: float) -> None:
        """Only noted."""
        self.pauses.append(seconds)
        await asyncio.sleep(0.01)

    def is_all_drained(self) -> bool:
        """Whether a member that has begun has fetched everything."""
        return bool(self.places) and all(self.places[lane] >= self._end(lane) - 1 for lane in self.lanes)

    def _end(self, lane: Lane) -> int:
        return self.log[lane][-1].offset + 2 if self.log[lane] else 0
