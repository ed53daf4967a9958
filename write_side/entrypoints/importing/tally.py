"""How the rows of an import came out, counted as they are done."""

from enum import IntEnum

from write_side.entrypoints.importing.faults import BadRow
from write_side.entrypoints.importing.progress import Summary
from write_side.entrypoints.importing.rejected import Rejections


class Standing(IntEnum):
    """How a row came out."""

    ACCEPTED = 1
    UNCHANGED = 2
    REJECTED = 3


class Tally:
    """Counts every row once; where rows are gone through twice, the second time may move a row."""

    def __init__(self, summary: Summary, rejected: Rejections, *, twice: bool) -> None:
        self.summary = summary
        self._rejected = rejected
        self._twice = twice
        self._standings = bytearray()

    def accept(self, row: int, events: int) -> None:
        """The row is through, with so many events."""
        self._move(row, Standing.ACCEPTED if events else Standing.UNCHANGED)

    def reject(self, row: int, reason: BadRow) -> None:
        """The row is refused."""
        self._move(row, Standing.REJECTED)
        self._rejected.add(row, reason)

    def was_rejected(self, row: int) -> bool:
        """Whether it was refused the first time, where there is a second."""
        return self._standing(row) is Standing.REJECTED

    def _move(self, row: int, to: Standing) -> None:
        if self._twice:
            was = self._standing(row)
            if was is not None and to is Standing.UNCHANGED:
                return
            if was is not None:
                self._count(was, -1)
            self._remember(row, to)
        self._count(to, 1)

    def _count(self, standing: Standing, by: int) -> None:
        match standing:
            case Standing.ACCEPTED:
                self.summary.accepted += by
            case Standing.UNCHANGED:
                self.summary.unchanged += by
            case Standing.REJECTED:
                self.summary.rejected += by

    def _standing(self, row: int) -> Standing | None:
        return Standing(self._standings[row]) if row < len(self._standings) and self._standings[row] else None

    def _remember(self, row: int, standing: Standing) -> None:
        """One byte a row."""
        self._standings.extend(bytes(max(0, row + 1 - len(self._standings))))
        self._standings[row] = standing
