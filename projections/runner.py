"""Takes a view group forward: a batch is loaded for, projected, written and passed by the watermarks, or nothing is."""

from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Generic, Protocol, TypeVar

from event_schemas.envelope import StoredEvent
from event_schemas.streams import START, Position, StreamName
from event_schemas.topics import LOG, Lane, whole_log
from projections.cache import DocumentCache
from projections.catalog import ViewGroup
from projections.documents.document import Document
from projections.documents.registry import kind_of
from projections.errors import Refused, SinkLost
from projections.projecting import Outcome, Projected, Projection, Ref, ref_of
from projections.sinks.progress import Move, Progress

C = TypeVar("C")

Offsets = Mapping[Position, int]
"""Beside the position of an event that came as a record: the offset of the record after it."""

NO_OFFSETS: Final[Offsets] = MappingProxyType({})


class Sink(Protocol[C]):
    """Where a view group writes its changes, and keeps its documents."""

    async def held(self, lanes: Collection[Lane]) -> Mapping[Lane, Position] | None:
        """The positions that the store says it has reached; None when its rows move with the watermarks."""
        ...

    async def load(self, wanted: Collection[Ref]) -> dict[Ref, Document]:
        """The stored documents among those wanted."""
        ...

    async def write(self, done: Projected[C], *, until: Mapping[Lane, Position]) -> None:
        """Changes and documents of a batch that ends at these positions; raises Refused, SinkUnavailable."""
        ...

    async def forget(self, lanes: Collection[Lane]) -> None:
        """Drop the documents of these lanes: they will be folded anew, from each stream's first event."""
        ...


class Runner(Generic[C]):
    """One owner of some lanes of a view group, over one connection. After an error another one resumes in its place."""

    def __init__(
        self,
        *,
        group: ViewGroup[C],
        progress: Progress,
        sink: Sink[C],
        lane_of: Callable[[StreamName], Lane] = whole_log,
        cache_size: int = 20_000,
    ) -> None:
        self._group = group
        self._progress = progress
        self._sink = sink
        self._lane_of = lane_of
        # safe as long as the fence holds: what is cached was committed, and nobody else has moved the watermark since
        self._cache = DocumentCache(cache_size)
        self.positions: dict[Lane, Position] = {}
        """The watermark of each lane that this owner has."""
        self.parked = 0

    async def resume(self, lanes: Collection[Lane] = (LOG,)) -> None:
        """Find out where the group is in these lanes; those that a store has lost begin again."""
        self.positions = await self._progress.watermarks(lanes)
        lost = await self._lost()
        if lost:
            moves = {lane: Move(self.positions[lane], START) for lane in lost}
            async with self._progress.moving(moves):
                await self._progress.forget_parked(self._lane_of, lost)
                await self._sink.forget(lost)
            self.positions |= dict.fromkeys(lost, START)
        self.parked = await self._progress.parked_count()

    async def divide(self, lanes: Collection[Lane]) -> None:
        """Before ``resume``, with all lanes of the group: it goes on in lanes from where it was in the whole log."""
        await self._progress.divide(lanes)

    async def next_offsets(self, lanes: Collection[Lane]) -> Mapping[Lane, int]:
        """The offset to read next of each lane that has one."""
        return await self._progress.next_offsets(lanes)

    async def read_on_from(self, offsets: Mapping[Lane, int]) -> None:
        """What follows the watermarks begins there in Kafka; raises WatermarkMoved."""
        moves = {lane: Move(self.positions[lane], self.positions[lane], offset) for lane, offset in offsets.items()}
        async with self._progress.moving(moves):
            pass

    async def check(self) -> None:
        """Raises SinkLost when the store has lost entries, SinkUnavailable when it cannot say."""
        if lost := await self._lost():
            where = ", ".join(f"{lane} ({self.positions[lane]})" for lane in sorted(lost))
            raise SinkLost(f"{self._group.name}: the store has lost what it had up to the watermarks of {where}")

    async def _lost(self) -> Collection[Lane]:
        held = await self._sink.held(self.positions)
        return () if held is None else {lane for lane, position in self.positions.items() if held[lane] < position}

    async def project(self, events: Sequence[StoredEvent], *, offsets: Offsets = NO_OFFSETS) -> Sequence[Outcome]:
        """Take the group past the batch, in each of its lanes; what it has seen before is skipped.

        The events of one lane are in order and without a gap. Raises SinkUnavailable and WatermarkMoved; then nothing
        of what was not yet committed is in the views.
        """
        is_fresh = [stored.position > self.positions[self._lane_of(stored.stream)] for stored in events]
        fresh = [stored for stored, is_new in zip(events, is_fresh, strict=True) if is_new]
        outcomes = iter(await self._project(fresh, offsets))
        return [next(outcomes) if is_new else Outcome.SKIPPED for is_new in is_fresh]

    async def _project(self, events: Sequence[StoredEvent], offsets: Offsets) -> Sequence[Outcome]:
        """Halves what the sink refuses until the event to blame stands alone; that one is parked."""
        if not events:
            return ()
        try:
            return await self._commit(events, offsets)
        except Refused as error:
            if len(events) == 1:
                return await self._commit(events, offsets, refused=error)
        half = len(events) // 2
        return [*await self._project(events[:half], offsets), *await self._project(events[half:], offsets)]

    async def _commit(
        self, events: Sequence[StoredEvent], offsets: Offsets, *, refused: Refused | None = None
    ) -> Sequence[Outcome]:
        until = {self._lane_of(stored.stream): stored.position for stored in events}
        moves = {lane: Move(self.positions[lane], new, offsets.get(new)) for lane, new in until.items()}
        async with self._progress.moving(moves):
            projection = await self._prepare(events)
            done = projection.refuse(events[0], refused) if refused else projection.project(events)
            await self._sink.write(done, until=until)
            await self._progress.park(done.letters)
        self._committed(events, until, done)
        return done.outcomes

    async def _prepare(self, events: Sequence[StoredEvent]) -> Projection[C]:
        shown = [stored for stored in events if self._group.shows(kind_of(stored.stream))]
        refs = {ref_of(stored) for stored in shown}
        begun = {ref_of(stored) for stored in shown if stored.stream_version == 1}
        # nobody but the owner parks, so there is nothing to look for as long as it has found none and parked none
        parked = await self._progress.parked({stream for _, stream, _ in refs}) if self.parked else frozenset()
        known = self._cache.known(refs)
        known |= await self._sink.load(refs - begun - known.keys())
        return Projection(self._group, documents=known, parked=parked)

    def _committed(self, events: Sequence[StoredEvent], until: Mapping[Lane, Position], done: Projected[C]) -> None:
        self._cache.put(done.documents)
        # whoever applies parked events later changes their documents
        outcomes = zip(events, done.outcomes, strict=True)
        self._cache.drop(ref_of(stored) for stored, outcome in outcomes if outcome is Outcome.PARKED)
        self.positions |= until
        self.parked += done.outcomes.count(Outcome.PARKED)
