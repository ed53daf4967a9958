"""Keeps the lanes of a view group up that this process owns, from Kafka and, where Kafka has a gap, from the log.

The truth of how far a lane is are watermark and offset in PostgreSQL, which move with the rows. Kafka's own committed
offsets are neither written nor read. Whoever owns a lane is told by the group's watermarks alone: a batch of somebody
who lost his lanes without noticing rolls back (tests/integration/test_worker_owners.py).
"""

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from functools import partial
from time import monotonic
from typing import Any, Final, NamedTuple, Protocol

from event_schemas.envelope import StoredEvent
from event_schemas.ports import EventLog, EventLogUnavailable
from event_schemas.relayed import Relayed
from event_schemas.streams import START, Position
from event_schemas.topics import ENTITY_LANES, Lane
from projections.engines.healing import NoLongerMine, catch_up
from projections.engines.lane_records import Records, read
from projections.engines.lane_status import LaneStatus, Report
from projections.errors import SinkUnavailable, WatermarkMoved
from projections.runner import Runner

BATCH: Final = 1_000
_FIRST_WAIT_S: Final = 0.05
_LONGEST_WAIT_S: Final = 2.0
_CHECK_EVERY_S: Final = 2.0

Owner = Callable[[], AbstractAsyncContextManager[Runner[Any]]]
"""Opens the stores of a group."""


class Kept(NamedTuple):
    """Which records of a lane Kafka has."""

    first: int
    end: int
    """The offset that the next record will have, or a later one."""


class Source(Protocol):
    """This process's member of the consumer group."""

    @property
    def turn(self) -> int:
        """Another number as soon as the lanes may be somebody else's."""
        ...

    @property
    def lanes(self) -> Collection[Lane]:
        """What is assigned to this member."""
        ...

    async def kept(self, lanes: Collection[Lane]) -> Mapping[Lane, Kept]:
        """What there is to read; raises SourceUnavailable, as ``seek`` does, and SourceLost."""
        ...

    async def seek(self, offsets: Mapping[Lane, int]) -> None:
        """Read on from there."""
        ...

    async def fetch(self) -> Records:
        """What has come, at the latest after a second. Raises what ends the source."""
        ...

    async def is_drained(self, lane: Lane) -> bool:
        """Whether all of the lane was fetched that Kafka has."""
        ...

    async def pause(self, seconds: float) -> None:
        """At most so long; shorter when the lanes are taken away."""
        ...


class SourceUnavailable(ConnectionError):
    """Kafka does not answer, or the lanes are not this member's any more."""


class SourceLost(Exception):
    """Kafka's client does not come back by itself: this member has to be made anew."""


class SubjectKeys(Protocol):
    """Knows what opens personal data."""

    async def attach(self, events: Sequence[StoredEvent]) -> Sequence[StoredEvent]:
        """The events with the keys of their subjects, as they are now; raises EventLogUnavailable."""
        ...


_WAITED_FOR: Final = (SinkUnavailable, EventLogUnavailable, SourceUnavailable, WatermarkMoved)


class LaneFollower:
    """One view group in this process. It does one thing after the other, so nothing here needs a lock."""

    def __init__(
        self,
        *,
        group: str,
        log: EventLog,
        owner: Owner,
        keys: SubjectKeys,
        relayed: Callable[[], Relayed | None],
        advanced: Callable[[Mapping[Lane, Position]], None],
    ) -> None:
        """``relayed``: what the relay has published, as far as is known; None as long as nobody could ask.

        ``advanced`` is told the watermarks that have moved, after the commit.
        """
        self.report = Report(group)
        self._log = log
        self._owner = owner
        self._keys = keys
        self._relayed = relayed
        self._advanced = advanced
        self._stores = AsyncExitStack()
        self._runner: Runner[Any] | None = None
        self._turn = -1
        self._looked: dict[Lane, Position] = {}
        self._suspects: dict[Lane, Position] = {}
        self._next_check = 0.0
        self._wait_s = _FIRST_WAIT_S

    @property
    def status(self) -> LaneStatus:
        """How the group is doing here."""
        return self.report.status

    async def step(self, source: Source) -> None:
        """Become the owner of what is assigned, or take what has come. What is down is waited for, a little.

        Raises what ends the source.
        """
        if self._runner is None or self._turn != source.turn:
            await self._try(source, self._take_over)
            return
        records = await source.fetch()
        if self._turn == source.turn:
            await self._try(source, partial(self._take, records))

    async def aclose(self) -> None:
        """Let go of the stores; the next step opens them again."""
        self._runner = None
        await self._stores.aclose()

    async def _try(self, source: Source, work: Callable[[Source], Awaitable[None]]) -> None:
        try:
            await work(source)
            self._wait_s = _FIRST_WAIT_S
            return
        except NoLongerMine:
            await self.aclose()
            return
        except SourceLost:
            raise
        except _WAITED_FOR as error:
            self.report.waits_for(str(error), logging.WARNING)
        except Exception as error:  # noqa: BLE001  # a defect of ours: seen in status and log, and no reason to give up
            self.report.waits_for(f"{type(error).__name__}: {error}", logging.ERROR, traceback_of=error)
        await self.aclose()
        await source.pause(self._wait_s)  # nothing says when a server is back, or when somebody else has let go
        self._wait_s = min(2 * self._wait_s, _LONGEST_WAIT_S)

    async def _take_over(self, source: Source) -> None:
        """From what is stored beside the watermarks; lanes that Kafka cannot go on with are read in the log."""
        await self.aclose()
        turn, lanes = source.turn, source.lanes
        runner = await self._stores.enter_async_context(self._owner())
        await runner.divide(ENTITY_LANES)
        offsets = await runner.next_offsets(lanes)  # before the watermarks: too low an offset costs some duplicates
        await runner.resume(lanes)
        kept = await source.kept(lanes)
        lost = {lane for lane in lanes if not _goes_on(runner.positions[lane], offsets.get(lane), kept[lane])}
        if lost and self._relayed() is None:
            raise SourceUnavailable("the relay's checkpoint is not known yet")
        published = self._published(lost)
        ends = {lane: kept[lane].end if lane in published else kept[lane].first for lane in lost}
        await source.seek({**{lane: offsets[lane] for lane in lanes if lane not in lost}, **ends})
        self._runner, self._turn = runner, turn
        self._looked, self._suspects = {}, {}
        await self._heal(source, self._behind(published))
        if ends:
            await runner.read_on_from(ends)
        self._report(runner)

    async def _take(self, records: Records, source: Source) -> None:
        while records:
            batch = read(records, self._seen(records))
            self.report.read(duplicates=batch.duplicates, foreign=batch.foreign)
            runner = self._owned()
            if batch.events:
                await runner.project(await self._keys.attach(batch.events), offsets=batch.offsets)
                self._advanced({lane: runner.positions[lane] for lane in records})
            await self._heal(source, batch.missing)
            records = batch.rest
        await self._watch(source)
        self._report(self._owned())

    async def _watch(self, source: Source) -> None:
        """A hole at the end of a lane: published, not fetched, and nothing is coming."""
        if monotonic() < self._next_check:
            return
        self._next_check = monotonic() + _CHECK_EVERY_S
        await self._owned().check()
        behind = self._behind(self._published(self._owned().positions))
        seen = self._seen(behind)
        stuck = {lane: until for lane, until in behind.items() if self._suspects.get(lane) == seen[lane]}
        self._suspects = seen
        await self._heal(source, {lane: until for lane, until in stuck.items() if await source.is_drained(lane)})

    async def _heal(self, source: Source, missing: Mapping[Lane, Position]) -> None:
        if not missing:
            return
        mine = self._turn
        healed = await catch_up(self._log, self._owned(), missing, batch=BATCH, mine=lambda: bool(mine == source.turn))
        self._advanced({lane: self._owned().positions[lane] for lane in missing})
        self._looked |= missing  # what is not in the log is not missing
        self.report.healed(missing, healed)

    def _owned(self) -> Runner[Any]:
        if self._runner is None:
            raise NoLongerMine
        return self._runner

    def _seen(self, lanes: Collection[Lane]) -> dict[Lane, Position]:
        positions = self._owned().positions
        return {lane: max(positions[lane], self._looked.get(lane, START)) for lane in lanes}

    def _published(self, lanes: Collection[Lane]) -> dict[Lane, Position]:
        """Of lanes that have something: their last position that the relay is known to have published."""
        relayed = self._relayed()
        return {} if relayed is None else {lane: relayed.of(lane) for lane in lanes if relayed.of(lane) > START}

    def _behind(self, published: Mapping[Lane, Position]) -> dict[Lane, Position]:
        seen = self._seen(published)
        return {lane: until for lane, until in published.items() if seen[lane] < until}

    def _report(self, runner: Runner[Any]) -> None:
        self.report.reached(runner.positions, runner.parked, self._relayed())


def _goes_on(position: Position, offset: int | None, kept: Kept) -> bool:
    """Whether Kafka still has what comes after the watermark."""
    return position > START and offset is not None and kept.first <= offset <= kept.end
