"""One import: every row is sent as its commands, many rows at once, and a row's commands one after the other."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from uuid import UUID
from zlib import crc32

from write_side.entrypoints.importing.faults import BadFile, BadRow
from write_side.entrypoints.importing.lookup import Lookup, key_of
from write_side.entrypoints.importing.progress import Pace, Progress, Summary
from write_side.entrypoints.importing.rejected import Rejections
from write_side.entrypoints.importing.row_work import RowWork
from write_side.entrypoints.importing.rows import Plan, RowPlanner
from write_side.entrypoints.importing.sending import Target, begin, finish, request_of
from write_side.entrypoints.importing.source import Share, Source
from write_side.entrypoints.importing.steps import Step
from write_side.entrypoints.importing.tables import Row, Table, open_table
from write_side.entrypoints.importing.tally import Tally

IN_FLIGHT = 512
CHUNK = 512
"""Rows that are looked up, and begun, together."""
CHUNKS_IN_FLIGHT = 3
EVERY_SECONDS = 0.2

Work = Callable[[Plan, bool], Awaitable[int]]
"""What is done with a row whose entity is there, or not: the number of its events. Raises BadRow."""


class Incomplete(Exception):
    """The file could not be read to its end. What was read before is imported; ``summary`` says how much that is."""

    def __init__(self, reason: str, summary: Summary) -> None:
        super().__init__(reason)
        self.summary = summary


ALL = Share()


class Importer:
    """One run over one file for one batch; a run that was cut off is gone on with by another."""

    def __init__(
        self,
        source: Source,
        target: Target,
        *,
        rejected: Rejections,
        progress: Progress,
        share: Share = ALL,
        in_flight: int = IN_FLIGHT,
    ) -> None:
        """Opens the file; raises BadFile and BadMapping, and then nothing was imported."""
        self._source, self._target, self._share = source, target, share
        self._rejected = rejected
        self._slots = asyncio.Semaphore(in_flight)
        self._chunks = asyncio.Semaphore(CHUNKS_IN_FLIGHT)
        # entities are looked for only where they may be there
        self._looks = source.mapping.match is not None or not target.is_fresh
        self._lookup = Lookup(target, source.kind.name)
        self._latest: dict[UUID, asyncio.Task[None]] = {}
        self._table = self._open()
        try:
            self._planner = RowPlanner(
                source.mapping,
                source.kind,
                self._table.header,
                tenant=target.tenant,
                batch=target.batch,
                as_of=source.as_of,
            )
        except BaseException:
            self._table.close()
            raise
        self.summary = Summary(batch=str(target.batch))
        self._work = RowWork(target, self._planner, self._lookup, self.summary)
        self._pace = Pace(progress, seconds=EVERY_SECONDS)
        self._tally = Tally(self.summary, rejected, twice=self._planner.has_late)

    @property
    def described(self) -> str:
        """How the file is read."""
        return self._table.described

    @property
    def is_divisible(self) -> bool:
        """Whether several processes may do a share each: nothing waits for all rows to be there."""
        return not self._planner.has_late

    async def run(self) -> Summary:
        """Import every row. Raises Incomplete, and what is no fault of a row, such as EventStoreUnavailable."""
        await self.begin()
        await self.rows()
        await finish(self._target, self.summary)
        return self.summary

    async def begin(self) -> bool:
        """The batch has started; False: an earlier run had started it, and was cut off."""
        self._rejected.clear()
        return await begin(self._target, self._source.path.name[:200], self._source.mapping.pipeline)

    async def rows(self) -> Summary:
        """Every row of the share is answered; raises as ``run`` does."""
        await self._pass(self._work.row)
        if self._planner.has_late:
            self._table = self._open()
            await self._pass(self._work.late)
        return self.summary

    def close(self) -> None:
        """Let go of the file, where it was not read to its end."""
        self._table.close()

    def _open(self) -> Table:
        names = [place for place in self._source.mapping.places() if isinstance(place, str)]
        return open_table(self._source.path, self._source.mapping.file, wanted=names)

    async def _pass(self, work: Work) -> None:
        """All rows once. The file's fault is raised when all rows before it are done."""
        fault: BadFile | None = None
        try:
            async with asyncio.TaskGroup() as group:
                try:
                    await self._rows(group, work)
                except BadFile as error:
                    fault = error
        except BaseExceptionGroup as errors:
            raise _first(errors) from errors
        finally:
            self._pace.tick(self.summary, self._fraction, last=True)
            self._table.close()
        if fault is not None:
            raise Incomplete(f"{self._source.path}: {fault}", self.summary) from fault

    async def _rows(self, group: asyncio.TaskGroup, work: Work) -> None:
        if self._planner.is_matched:  # it takes a look at the row to know whose it is
            rows: Iterator[Row] = filter(self._is_mine, self._table.rows())
        else:
            rows = self._table.rows(self._share.takes)
        while chunk := list(islice(rows, CHUNK)):
            plans = [plan for row in chunk if (plan := self._plan(row, work)) is not None]
            begun = await self._lookup.begun_by(plans) if self._looks else {}
            new = self._new(plans, begun) if work == self._work.row else {}
            if new:
                await self._chunks.acquire()
                task = group.create_task(self._together(new.values()))
                self._latest |= dict.fromkeys(new, task)
            for plan in plans:
                if new.get(plan.entity) is not plan:
                    await self._start(group, plan, work, self._lookup.is_there(plan, begun))

    async def _start(self, group: asyncio.TaskGroup, plan: Plan, work: Work, is_there: bool | None) -> None:
        """Do a row by itself, as soon as there is room; None: it is to be looked whether its entity is there."""
        await self._slots.acquire()
        before = self._latest.get(plan.entity)
        self._latest[plan.entity] = group.create_task(self._run(plan, work, None if before else is_there, before))

    def _new(self, plans: Iterable[Plan], begun: Mapping[UUID, UUID]) -> dict[UUID, Plan]:
        """The first row of each entity that nobody has begun, as far as is known."""
        if self._target.beginnings is None:
            return {}
        found: dict[UUID, Plan] = {}
        for plan in plans:
            if plan.entity not in begun and plan.entity not in self._latest:
                found.setdefault(plan.entity, plan)
        return found

    async def _together(self, plans: Collection[Plan]) -> None:
        """Rows that each begin an entity; what does not begin so is done by itself."""
        try:
            asked = {plan.entity: (plan, steps) for plan in plans if (steps := self._beginning(plan)) is not None}
            begun = await self._begin([(plan, steps) for plan, steps in asked.values()])
            for (plan, _), events in zip(asked.values(), begun, strict=True):
                if events is not None:
                    self.summary.events += events
                    self._tally.accept(plan.row.number, events)
            left = [plan for (plan, _), events in zip(asked.values(), begun, strict=True) if events is None]
            # at once, and not in line for a slot: those who have one may be waiting for this very task
            await asyncio.gather(*(self._do(plan, self._work.row, None) for plan in left))
        finally:
            self._chunks.release()
            for plan in plans:
                self._forget(plan)
        self._pace.tick(self.summary, self._fraction)

    def _beginning(self, plan: Plan) -> list[Step] | None:
        """The commands of a row that begins its entity, unless it is refused here."""
        try:
            return [self._planner.create(plan), *self._planner.then(plan)]
        except BadRow as error:
            self._tally.reject(plan.row.number, error)
            return None

    async def _begin(self, rows: Iterable[tuple[Plan, list[Step]]]) -> Sequence[int | None]:
        target = self._target
        if target.beginnings is None:
            return [None for _ in rows]
        return await target.beginnings.begin(
            [
                [(step.command, request_of(target, step, key_of(plan, step.number))) for step in steps]
                for plan, steps in rows
            ]
        )

    def _is_mine(self, row: Row) -> bool:
        """Rows about one entity are all in one share, so that they are done in their order."""
        key = self._planner.key(row)
        return self._share.takes(row.number if key is None else crc32(key.casefold().encode()))

    def _plan(self, row: Row, work: Work) -> Plan | None:
        """What the row says, unless it is refused here or was before."""
        if work == self._work.row:
            self.summary.rows += 1
        elif self._tally.was_rejected(row.number):
            return None
        try:
            return self._planner.plan(row)
        except BadRow as error:
            self._tally.reject(row.number, error)
            return None

    async def _run(self, plan: Plan, work: Work, is_there: bool | None, before: asyncio.Task[None] | None) -> None:
        """One row, after the row before it about the same entity."""
        try:
            if before is not None:
                await asyncio.wait([before])
            await self._do(plan, work, is_there)
        finally:
            self._slots.release()
            self._forget(plan)
        self._pace.tick(self.summary, self._fraction)

    async def _do(self, plan: Plan, work: Work, is_there: bool | None) -> None:
        """A row whose turn it is."""
        try:
            if is_there is None:
                is_there = self._lookup.is_there(plan, await self._lookup.begun_by([plan]))
            self._tally.accept(plan.row.number, await work(plan, is_there))
        except BadRow as error:
            self._tally.reject(plan.row.number, error)

    def _forget(self, plan: Plan) -> None:
        if self._latest.get(plan.entity) is asyncio.current_task():
            del self._latest[plan.entity]

    def _fraction(self) -> float | None:
        return self._table.fraction()


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """What ended an import: the first thing that is no cancellation."""
    inner = errors.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
