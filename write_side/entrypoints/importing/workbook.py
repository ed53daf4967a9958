"""A sheet of an Excel workbook (.xlsx) as a table, read row by row."""

import zipfile
import zlib
from collections.abc import Collection, Iterator
from datetime import date, datetime, time
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from write_side.entrypoints.importing.faults import BadFile, BadRow
from write_side.entrypoints.importing.tables import MALFORMED, FileOptions, Row, Takes, everything

_DAMAGED = (
    *(
        zipfile.BadZipFile,
        InvalidFileException,
        ParseError,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
    ),
    *(EOFError, OSError, zlib.error),
)
"""What the library raises at files that are no workbooks."""


class Workbook:
    """See Table."""

    def __init__(self, file: BinaryIO, options: FileOptions, _wanted: Collection[str]) -> None:
        self._file = file
        try:
            self._book = load_workbook(file, read_only=True, data_only=True)
        except _DAMAGED as error:
            raise BadFile(f"no workbook that can be read, or a damaged one: {error}") from error
        names = self._book.sheetnames
        if not names or (options.sheet is not None and options.sheet not in names):
            raise BadFile(f"it has no sheet {options.sheet!r}; there are {', '.join(map(repr, names)) or 'none'}")
        self._sheet = self._book[options.sheet or names[0]]
        self._total: int | None = None
        self._number = 0
        self._rows = self._read()
        self.header = self._read_header()

    @property
    def described(self) -> str:
        return f"sheet {self._sheet.title!r} of a workbook"

    def rows(self, takes: Takes = everything) -> Iterator[Row]:
        width = len(self.header)
        for number, cells in self._rows:
            if not takes(number):
                continue
            cells.extend([""] * (width - len(cells)))
            too_wide = any(cells[width:])
            fault = (
                BadRow(f"the row has {len(cells)} cells and the header {width}", code=MALFORMED) if too_wide else None
            )
            yield Row(number, cells, fault)

    def fraction(self) -> float | None:
        return min(self._number / self._total, 1.0) if self._total else None

    def close(self) -> None:
        self._book.close()
        self._file.close()

    def _read_header(self) -> tuple[str, ...]:
        for _, cells in self._rows:
            while cells and not cells[-1]:
                cells.pop()
            return tuple(cells)
        raise BadFile("the sheet is empty: a header is needed, with the names of the columns")

    def _read(self) -> Iterator[tuple[int, list[str]]]:
        """Rows that are not empty."""
        try:
            self._total = self._sheet.max_row
            for number, values in enumerate(self._sheet.iter_rows(values_only=True), 1):
                self._number = number
                if any(value is not None for value in values):
                    cells = [_cell(value) for value in values]
                    if any(cells):
                        yield self._number, cells
        except _DAMAGED as error:
            raise BadFile(f"damaged or cut off after row {self._number:,}: {error}") from error


def _cell(value: Any) -> str:
    """As the sheet shows it; dates in ISO 8601, whatever they look like in the sheet."""
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat()
        case date() | time():
            return value.isoformat()
        case _:
            return str(value).strip()
