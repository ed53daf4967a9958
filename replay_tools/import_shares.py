"""An import divided among processes: each reads the file, and does its own share of the rows."""

import asyncio
import gc
import multiprocessing
import os
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from typing import NamedTuple

import uvloop
from msgspec.structs import replace

from event_schemas.ports import EventLogUnavailable
from write_side.entrypoints.importing.faults import BadRow
from write_side.entrypoints.importing.importer import Incomplete
from write_side.entrypoints.importing.progress import Progress, Summary
from write_side.entrypoints.importing.rejected import Rejections
from write_side.entrypoints.importing.source import Share

MOST = 4
WORTH_DIVIDING = 500_000
"""Bytes of a file; a smaller one is done before a second process has begun."""

COLLECT_AFTER = (50_000, 20, 100)
"""Rows make no cycles, so looking for some as often as usual costs a sixth of the time, and finds none."""

Work = Callable[[Share, Rejections, Progress], Awaitable[Summary]]
"""Does a share of the rows; raises Incomplete and EventLogUnavailable."""


class ShareLost(Exception):
    """A process of the import ended by itself; what it did is in the log, and the same import again goes on."""


class Done(NamedTuple):
    """How a share ended."""

    summary: Summary
    fault: str | None
    """Where the file could not be read any further."""


class Failed(NamedTuple):
    """A share could not go on, and neither can the others."""

    reason: str
    is_outage: bool


class Rejected(NamedTuple):
    """A row, and why."""

    row: int
    field: str
    code: str
    message: str
    value: str


Report = Summary | Rejected | Done | Failed


class Other(NamedTuple):
    """A process with a share."""

    process: ForkProcess
    reports: "Connection[Report, Report]"


def how_many(size: int, *, asked: int | None) -> int:
    """Processes for a file of so many bytes."""
    return asked if asked is not None else min(os.cpu_count() or 1, MOST) if size >= WORTH_DIVIDING else 1


@contextmanager
def others(work: Work, *, of: int) -> Iterator[Sequence[Other]]:
    """All shares but the first, each in a process of its own. No event loop and no thread may be running here."""
    gc.freeze()  # what is there already is shared, as long as nobody touches it
    gc.set_threshold(*COLLECT_AFTER)
    started: list[Other] = []
    try:
        for part in range(1, of):
            started.append(_fork(work, Share(part, of), [other.reports for other in started]))
        yield started
    finally:
        for other in started:
            other.process.terminate()
            other.process.join()
            other.reports.close()


def _fork(work: Work, share: Share, inherited: "Sequence[Connection[Report, Report]]") -> Other:
    context = multiprocessing.get_context("fork")
    reading, writing = context.Pipe(duplex=False)
    process = context.Process(target=_do_share, args=(work, share, writing, [reading, *inherited]), daemon=True)
    process.start()
    writing.close()
    return Other(process, reading)


def _do_share(
    work: Work,
    share: Share,
    reports: "Connection[Report, Report]",
    inherited: "Sequence[Connection[Report, Report]]",
) -> None:
    """What the other process does. When the first one dies, the next report finds nobody, and ends this one too."""
    for other in inherited:
        other.close()  # or nobody would notice that the first process is gone
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all of them; the first one decides
    told = _Told(reports)
    try:
        reports.send(uvloop.run(_done(work, share, told, told.progress)))
    except EventLogUnavailable as error:
        reports.send(Failed(str(error), is_outage=True))
    except BrokenPipeError:
        return


class _Told:
    """Tells the first process."""

    def __init__(self, reports: "Connection[Report, Report]") -> None:
        self._reports = reports

    def clear(self) -> None:
        """The first process does that."""

    def add(self, row: int, reason: BadRow) -> None:
        """A rejected row."""
        self._reports.send(Rejected(row, reason.field, reason.code, reason.message, reason.value))

    def progress(self, summary: Summary, fraction: float | None) -> None:
        """How far it is."""
        self._reports.send(summary)


async def _done(work: Work, share: Share, rejected: Rejections, progress: Progress) -> Done:
    try:
        return Done(await work(share, rejected, progress), None)
    except Incomplete as error:
        return Done(error.summary, str(error))


async def together(work: Work, running: Sequence[Other], *, rejected: Rejections, progress: Progress) -> Summary:
    """Do the first share here, and answer for all. Raises Incomplete, EventLogUnavailable and ShareLost."""
    latest: dict[int, Summary] = {}

    def show(summary: Summary, fraction: float | None) -> None:
        progress(_sum([summary, *latest.values()]), fraction)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_done(work, Share(0, len(running) + 1), rejected, show))]
            tasks += [group.create_task(_follow(other, n, latest, rejected)) for n, other in enumerate(running)]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from errors
    ended = [task.result() for task in tasks]
    summary = _sum([one.summary for one in ended])
    if fault := next((one.fault for one in ended if one.fault is not None), None):
        raise Incomplete(fault, summary)
    progress(summary, 1.0)
    return summary


async def _follow(other: Other, number: int, latest: dict[int, Summary], rejected: Rejections) -> Done:
    """Take an other process's reports until it has ended."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(other.reports.fileno(), ready.set)
    try:
        while True:
            await ready.wait()
            ready.clear()
            while other.reports.poll():
                match other.reports.recv():
                    case Summary() as summary:
                        latest[number] = summary
                    case Rejected() as row:
                        rejected.add(row.row, BadRow(row.message, code=row.code, field=row.field, value=row.value))
                    case Done() as done:
                        latest[number] = done.summary
                        return done
                    case Failed(reason):
                        raise EventLogUnavailable(reason)
    except EOFError:
        other.process.join()
        raise ShareLost(
            f"a process of the import ended by itself (exit code {other.process.exitcode}): the same command goes on"
        ) from None
    finally:
        loop.remove_reader(other.reports.fileno())


def _sum(parts: Sequence[Summary]) -> Summary:
    first = parts[0]
    names = ("rows", "accepted", "unchanged", "rejected", "events")
    whole = {name: sum(getattr(part, name) for part in parts) for name in names}
    return replace(first, **whole, seconds=max(part.seconds for part in parts))
