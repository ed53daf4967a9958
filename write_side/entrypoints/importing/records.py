"""Records of delimited text, one at a time in bounded memory, whatever the text is."""

import csv
from collections import deque
from collections.abc import Iterator
from typing import TextIO

from write_side.entrypoints.importing.faults import BadRow
from write_side.entrypoints.importing.tables import Takes, everything

MAX_RECORD = 1_000_000
"""Characters of one record, its line ends counted; nothing that the platform stores comes near it."""
TOO_LONG = "FIELD_TOO_LONG"
MALFORMED = "MALFORMED_ROW"

Record = tuple[int, list[str] | BadRow]
"""Number of the record (the first of the file is 1) and its cells, or why there are none."""


class _TooLong(Exception):
    """The record has more characters than any that can be imported."""


class _Lines(Iterator[str]):
    """The lines of a text, with those of the record that is being read, for a second look at them."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._again: deque[str] = deque()
        self.pending: list[str] = []
        self._size = 0
        self.whole_line_read = True

    def __next__(self) -> str:
        if not (line := self._read()):
            raise StopIteration
        self.pending.append(line)
        self._size += len(line)
        if self._size > MAX_RECORD or not self.whole_line_read:
            raise _TooLong
        return line

    def _read(self) -> str:
        """A line, or as much of it as a record may have; "" at the end."""
        line = self._again.popleft() if self._again else self._text.readline(MAX_RECORD)
        self.whole_line_read = len(line) < MAX_RECORD or line[-1] in "\r\n"
        return line

    def begin(self) -> None:
        """A new record begins with the next line."""
        self.pending.clear()
        self._size = 0

    def go_back_to_second(self) -> None:
        """Read the pending record again from its second line on."""
        self._again.extendleft(reversed(self.pending[1:]))

    def second(self) -> str | None:
        """The second line of the pending record, or the next line of the text."""
        if len(self.pending) > 1:
            return self.pending[1]
        return self._again[0] if self._again else None

    def skip_plain(self) -> bool:
        """Pass over a record, if it plainly is the next line."""
        line = self._read()
        if line and self.whole_line_read and '"' not in line:
            return True
        self._again.appendleft(line)
        return False

    def skip_record(self) -> bool:
        """Leave out the rest of the pending record, to where its quotes are even; False when the text ends before."""
        quotes = sum(line.count('"') for line in self.pending)
        while quotes % 2 or not self.whole_line_read:
            if not (piece := self._read()):
                return quotes % 2 == 0
            quotes += piece.count('"')
        return True


class Records(Iterator[Record]):
    """The records of a text. One that is malformed or endless is a fault of its own; the next is read all the same."""

    def __init__(self, text: TextIO, *, delimiter: str) -> None:
        csv.field_size_limit(MAX_RECORD + 1)  # of the whole process; the lines are bounded before
        self._lines = _Lines(text)
        self._delimiter = delimiter
        self._reader = self._new_reader()
        self._number = 0
        self.width: int | None = None
        """Cells that a record should have, once known: tells a stray quote from a long field."""
        self.takes: Takes = everything
        """Records that nobody wants are passed over where that is quicker, and come all the same where it is not."""

    def __next__(self) -> Record:
        lines = self._lines
        while not self.takes(self._number + 1) and lines.skip_plain():
            self._number += 1
        lines.begin()
        self._number += 1
        try:
            return self._number, next(self._reader)
        except _TooLong:
            return self._number, self._after_long()
        except csv.Error as error:
            if str(error) == "unexpected end of data":
                return self._number, self._after_open_quote()
            self._reader = self._new_reader()
            return self._number, BadRow(f"the row is not well quoted: {error}", code=MALFORMED)

    def _new_reader(self) -> Iterator[list[str]]:
        return csv.reader(self._lines, delimiter=self._delimiter, strict=True)

    def _after_long(self) -> BadRow:
        self._reader = self._new_reader()
        lines = self._lines
        if lines.whole_line_read and self._is_record(lines.second()):
            return self._after_open_quote()
        if lines.skip_record():
            return BadRow(f"a field is longer than {MAX_RECORD:,} characters: leave the column out", code=TOO_LONG)
        return _never_closed()

    def _after_open_quote(self) -> BadRow:
        """What follows the line with the stray quote is read as if the quote were not there."""
        self._reader = self._new_reader()
        if self._is_record(self._lines.second()):
            self._lines.go_back_to_second()
        return _never_closed()

    def _is_record(self, line: str | None) -> bool:
        if line is None or self.width is None or self.width == 1:
            return False
        try:
            return len(next(csv.reader([line], delimiter=self._delimiter, strict=True))) == self.width
        except csv.Error:
            return False


def _never_closed() -> BadRow:
    return BadRow('a field begins with a quote (") that is never closed', code=MALFORMED)
