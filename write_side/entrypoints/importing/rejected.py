"""The file of rejected rows, with the reason of each."""

import csv
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol, Self

from write_side.entrypoints.importing.faults import BadFile, BadRow

HEADER = ("row", "field", "code", "message", "value")
LONGEST_VALUE = 1000


class Rejections(Protocol):
    """Whoever keeps the reasons why rows were rejected."""

    def clear(self) -> None:
        """Forget what an earlier run rejected."""
        ...

    def add(self, row: int, reason: BadRow) -> None:
        """One row more."""
        ...


class RejectedRows:
    """Written as rows are rejected; where none is, there is no file. One of an earlier run is replaced."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def clear(self) -> None:
        """Forget what an earlier run rejected."""
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise BadFile(f"{self.path}: {error.strerror}") from error

    def add(self, row: int, reason: BadRow) -> None:
        """One row more; raises BadFile where nothing can be written."""
        try:
            if self._file is None:
                self._file = self.path.open("w", encoding="utf-8", newline="")
                csv.writer(self._file).writerow(HEADER)
            value = reason.value[:LONGEST_VALUE].encode(errors="replace").decode()
            csv.writer(self._file).writerow((row, reason.field, reason.code, reason.message, value))
        except OSError as error:
            raise BadFile(f"{self.path}: {error.strerror}; name another file for rejected rows") from error
