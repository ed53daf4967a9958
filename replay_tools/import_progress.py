"""How far an import is: a bar on a terminal, plain lines elsewhere; on stderr."""

import sys
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from write_side.entrypoints.importing.progress import Summary

EVERY_SECONDS = 2.0
"""Between plain lines."""


class Shown(Protocol):
    """A way to show progress, while it is entered."""

    def __call__(self, summary: Summary, fraction: float | None) -> None:
        """Show it."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def shown() -> Shown:
    """What fits stderr."""
    return Bar() if sys.stderr.isatty() else Lines()


class Bar:
    """Bar, share of the file, rate, time that is left."""

    def __init__(self) -> None:
        columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
        self._progress = Progress(*columns, console=Console(stderr=True))
        self._task = self._progress.add_task("", total=1.0)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def __call__(self, summary: Summary, fraction: float | None) -> None:
        total = 1.0 if fraction is not None else None
        self._progress.update(self._task, completed=fraction or 0, total=total, description=_counted(summary))


class Lines:
    """A line every two seconds."""

    def __init__(self) -> None:
        self._next = EVERY_SECONDS

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def __call__(self, summary: Summary, fraction: float | None) -> None:
        if summary.seconds < self._next:
            return
        self._next = summary.seconds + EVERY_SECONDS
        left = f", {fraction:.0%} read, {_left(summary.seconds, fraction)} left" if fraction else ""
        sys.stderr.write(f"{_counted(summary)}{left}\n")
        sys.stderr.flush()


def _counted(summary: Summary) -> str:
    done = summary.accepted + summary.unchanged + summary.rejected
    rate = done / summary.seconds if summary.seconds else 0
    rejected = f", {summary.rejected:,} rejected" if summary.rejected else ""
    return f"{done:,} rows, {rate:,.0f}/s{rejected}"


def _left(seconds: float, fraction: float) -> str:
    left = round(seconds * (1 - fraction) / fraction)
    return f"{left // 60}:{left % 60:02}"
