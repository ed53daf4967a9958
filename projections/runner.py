"""Takes a view group forward: a batch is loaded for, projected, written and passed by the watermark, or nothing is."""

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from event_schemas.envelope import StoredEvent
from event_schemas.streams import START, Position
from projections.cache import DocumentCache
from projections.catalog import ViewGroup
from projections.errors import Refused, SinkLost
from projections.projecting import Outcome, Projected, Projection, ref_of
from projections.sinks.progress import Progress

C = TypeVar("C")
C_contra = TypeVar("C_contra", contravariant=True)


class Sink(Protocol[C_contra]):
    """Where a view group writes."""

    async def held(self) -> Position | None:
        """The position that the store says it has reached; None when its rows move with the watermark."""
        ...

    async def write(self, changes: Sequence[C_contra], *, until: Position) -> None:
        """All changes of a batch that ends at a position; raises Refused, SinkUnavailable."""
        ...


class Runner(Generic[C]):
    """One owner of a view group, over one connection. After an error it is not used again: another one resumes."""

    def __init__(self, *, group: ViewGroup[C], progress: Progress, sink: Sink[C], cache_size: int = 20_000) -> None:
        self._group = group
        self._progress = progress
        self._sink = sink
        # safe as long as the fence holds: what is cached was committed, and nobody else has moved the watermark since
        self._cache = DocumentCache(cache_size)
        self.position = START
        self.parked = 0

    async def resume(self) -> None:
        """Find out where the group is; a store that has lost entries makes it begin again."""
        self.position = await self._progress.watermark()
        held = await self._sink.held()
        if held is not None and held < self.position:
            await self._progress.begin_again(self.position)
            self.position = START
        self.parked = await self._progress.parked_count()

    async def check(self) -> None:
        """Raises SinkLost when the store has lost entries, SinkUnavailable when it cannot say."""
        held = await self._sink.held()
        if held is not None and held < self.position:
            raise SinkLost(f"{self._group.name}: the store is at {held}, the watermark at {self.position}")

    async def project(self, events: Sequence[StoredEvent]) -> Sequence[Outcome]:
        """Take the group to the end of the batch; what it has seen before is skipped.

        Raises SinkUnavailable and WatermarkMoved; then nothing of what was not yet committed is in the views.
        """
        fresh = [stored for stored in events if stored.position > self.position]
        seen = [Outcome.SKIPPED] * (len(events) - len(fresh))
        return [*seen, *await self._project(fresh)]

    async def _project(self, events: Sequence[StoredEvent]) -> Sequence[Outcome]:
        """Halves what the sink refuses until the event to blame stands alone; that one is parked."""
        if not events:
            return ()
        try:
            return await self._commit(events)
        except Refused as error:
            if len(events) == 1:
                return await self._commit(events, refused=error)
        half = len(events) // 2
        return [*await self._project(events[:half]), *await self._project(events[half:])]

    async def _commit(self, events: Sequence[StoredEvent], *, refused: Refused | None = None) -> Sequence[Outcome]:
        until = events[-1].position
        async with self._progress.moving(self.position, until):
            projection = await self._prepare(events)
            done = projection.refuse(events[0], refused) if refused else projection.project(events)
            await self._sink.write(done.changes, until=until)
            await self._progress.save(done.documents, done.letters)
        self._committed(events, done)
        return done.outcomes

    async def _prepare(self, events: Sequence[StoredEvent]) -> Projection[C]:
        refs = {ref_of(stored) for stored in events}
        begun = {ref_of(stored) for stored in events if stored.stream_version == 1}
        # nobody but the owner parks, so there is nothing to look for as long as it has found none and parked none
        parked = await self._progress.parked({stream for _, stream, _ in refs}) if self.parked else frozenset()
        known = self._cache.known(refs)
        known |= await self._progress.documents(refs - begun - known.keys())
        return Projection(self._group, documents=known, parked=parked)

    def _committed(self, events: Sequence[StoredEvent], done: Projected[C]) -> None:
        self._cache.put(done.documents)
        # whoever applies parked events later changes their documents
        outcomes = zip(events, done.outcomes, strict=True)
        self._cache.drop(ref_of(stored) for stored, outcome in outcomes if outcome is Outcome.PARKED)
        self.position = events[-1].position
        self.parked += done.outcomes.count(Outcome.PARKED)
