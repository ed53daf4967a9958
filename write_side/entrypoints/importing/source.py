"""What is to be imported, and which part of it here."""

from pathlib import Path
from typing import NamedTuple

from write_side.entrypoints.importing.kinds import Kind
from write_side.entrypoints.importing.mapping import FileMapping, Part


class Source(NamedTuple):
    """What is to be imported."""

    path: Path
    mapping: FileMapping
    kind: Kind
    as_of: Part | None
    """Whence each row has its business time; else the mapping says."""


class Share(NamedTuple):
    """Which of the rows are done here, where several processes divide them: this part of so many."""

    part: int = 0
    of: int = 1

    def takes(self, number: int) -> bool:
        """Whether what has this number is done here."""
        return number % self.of == self.part
