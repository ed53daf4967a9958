"""Files as tables: a header, and rows one at a time. What kind of file it is, its first bytes tell, not its name."""

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

import msgspec

from write_side.entrypoints.importing.faults import BadFile, BadRow

GZIP = b"\x1f\x8b"
ZIP = b"PK\x03\x04"
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
MALFORMED = "MALFORMED_ROW"


class FileOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a mapping may say about files; what it does not is found out."""

    delimiter: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    """Of a workbook; else its first."""
    empty: tuple[str, ...] = ()
    """Texts that stand for nothing, such as N/A."""
    dates: str | None = None
    """Format of dates where a column names none, such as %d.%m.%Y; else ISO 8601."""
    decimal: str = "."


class Row(NamedTuple):
    """One row as the file has it. ``number`` is the one that a spreadsheet shows: the first row of the file is 1."""

    number: int
    cells: Sequence[str]
    fault: BadRow | None = None


Takes = Callable[[int], bool]
"""Whether a row is wanted, by its number."""


def everything(_number: int) -> bool:
    """Every row."""
    return True


class Table(Protocol):
    """An open file."""

    @property
    def header(self) -> Sequence[str]:
        """Names of the columns, without spaces around them; "" where a column has none."""
        ...

    @property
    def described(self) -> str:
        """How the file was read, for the person who imports."""
        ...

    def rows(self, takes: Takes = everything) -> Iterator[Row]:
        """The rows below the header that are not empty and whose numbers are taken.

        Raises BadFile where the file cannot be read any further.
        """
        ...

    def fraction(self) -> float | None:
        """How much of the file was read, from 0 to 1, where that can be told."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


Opener = Callable[[BinaryIO, FileOptions, Collection[str]], Table]


def open_table(path: Path, options: FileOptions, *, wanted: Collection[str] = ()) -> Table:
    """Open a file; ``wanted`` are names of columns that it should have. Raises BadFile."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise BadFile(f"{path}: {error.strerror}") from error
    try:
        return _opener(file.peek(8)[:8])(file, options, wanted)
    except BadFile as error:
        file.close()
        raise BadFile(f"{path}: {error}") from error
    except BaseException:
        file.close()
        raise


def _opener(first: bytes) -> Opener:
    # workbooks need a large library, text does not
    if first.startswith(ZIP):
        from write_side.entrypoints.importing.workbook import Workbook  # noqa: PLC0415 -- as said above

        return Workbook
    if first.startswith(OLD_EXCEL):
        raise BadFile("an Excel file of the old kind (.xls): save it as .xlsx or .csv")
    from write_side.entrypoints.importing.text import TextTable  # noqa: PLC0415 -- it needs this module

    return TextTable
