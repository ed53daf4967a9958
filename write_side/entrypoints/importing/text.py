"""Delimited text as a table: CSV and its relatives, packed with gzip or not."""

import gzip
import io
import os
import zlib
from collections.abc import Collection, Iterator
from typing import BinaryIO, TextIO, cast

from write_side.entrypoints.importing.encodings import UTF8, detect
from write_side.entrypoints.importing.faults import BadFile, BadRow
from write_side.entrypoints.importing.records import MAX_RECORD, Records
from write_side.entrypoints.importing.tables import GZIP, MALFORMED, FileOptions, Row, Takes, everything

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_BYTES = 1_000_000
UNDECODABLE = "UNDECODABLE"
_NAMES = {"\t": "tab"}


class TextTable:
    """See Table."""

    def __init__(self, file: BinaryIO, options: FileOptions, wanted: Collection[str]) -> None:
        self._file = file
        self._size = os.fstat(file.fileno()).st_size
        unpacked = _unpacked(file)
        sample = _sample(unpacked)
        self._encoding = options.encoding or detect(sample, is_whole=len(sample) < SAMPLE_BYTES)
        self._text = _text(unpacked, self._encoding)
        self._delimiter = options.delimiter or _sniff(sample, self._encoding, wanted)
        if len(self._delimiter) != 1 or self._delimiter in '"\r\n':
            raise BadFile(f"the delimiter {self._delimiter!r} is not a single character")
        self._records = Records(self._text, delimiter=self._delimiter)
        self.header = self._read_header()

    @property
    def described(self) -> str:
        encoding = "UTF-8" if self._encoding == UTF8 else self._encoding
        return f"text in {encoding}, cells parted by {_NAMES.get(self._delimiter, self._delimiter)!r}"

    def rows(self, takes: Takes = everything) -> Iterator[Row]:
        width = len(self.header)
        number = self._header_number
        self._records.takes = takes
        try:
            for number, record in self._records:
                if not takes(number):
                    continue
                if isinstance(record, BadRow):
                    yield Row(number, (), record)
                elif any(map(str.strip, record)):
                    yield Row(number, record, _fault(record, width, self._encoding))
        except (EOFError, OSError, zlib.error) as error:
            raise BadFile(f"damaged or cut off after row {number:,}: {error}") from error

    def fraction(self) -> float | None:
        return self._file.tell() / self._size if self._size else None

    def close(self) -> None:
        self._text.close()
        self._file.close()

    def _read_header(self) -> tuple[str, ...]:
        try:
            for number, record in self._records:
                if isinstance(record, BadRow):
                    raise BadFile(f"its header (row {number}) cannot be read: {record.message}")
                if any(map(str.strip, record)):
                    if _fault(record, len(record), self._encoding):
                        raise BadFile(
                            f"its header is not {self._encoding}: say the encoding in the mapping, under [file]"
                        )
                    self._header_number = number
                    self._records.width = len(record)
                    return tuple(name.strip() for name in record)
        except (EOFError, OSError, zlib.error) as error:
            raise BadFile(f"damaged or cut off before its first row: {error}") from error
        raise BadFile("it is empty: a header is needed, with the names of the columns")


def _unpacked(file: BinaryIO) -> io.BufferedReader:
    packed = cast("io.BufferedReader", file).peek(2)[:2] == GZIP
    return io.BufferedReader(gzip.GzipFile(fileobj=file), 65_536) if packed else cast("io.BufferedReader", file)


def _sample(unpacked: io.BufferedReader) -> bytes:
    """The beginning of the text; it is read again afterwards."""
    taken = []
    left = SAMPLE_BYTES
    try:
        while left > 0 and (piece := unpacked.read1(left)):
            taken.append(piece)
            left -= len(piece)
    except (EOFError, OSError, zlib.error):
        pass  # whoever reads up to there meets it again, and says so
    unpacked.seek(0)
    return b"".join(taken)


def _text(unpacked: io.BufferedReader, encoding: str) -> TextIO:
    try:
        # bytes that are no text come through as lone surrogates, so that only their row is bad
        return io.TextIOWrapper(unpacked, encoding=encoding, errors="surrogateescape", newline="")
    except LookupError as error:
        raise BadFile(f"there is no encoding {encoding!r}") from error


def _sniff(sample: bytes, encoding: str, wanted: Collection[str]) -> str:
    """The delimiter with which the header has most of the wanted names, or else most cells."""
    text = sample[:MAX_RECORD].decode(encoding, errors="replace")

    def score(delimiter: str) -> tuple[int, int]:
        for _, record in Records(io.StringIO(text, newline=""), delimiter=delimiter):
            if not isinstance(record, BadRow) and any(map(str.strip, record)):
                return len({name.strip() for name in record} & set(wanted)), len(record)
        return 0, 0

    return max(DELIMITERS, key=score)


def _fault(record: list[str], width: int, encoding: str) -> BadRow | None:
    if len(record) != width and any(map(str.strip, record[width:])):
        return BadRow(f"the row has {len(record)} cells and the header {width}", code=MALFORMED)
    if len(record) < width:
        return BadRow(f"the row has only {len(record)} cells and the header {width}", code=MALFORMED)
    whole = "".join(record)
    if not whole.isascii():
        try:
            whole.encode()
        except UnicodeEncodeError:
            shown = whole.encode(errors="surrogateescape").decode(errors="replace")
            name = "UTF-8" if encoding == UTF8 else encoding
            return BadRow(f"the row holds bytes that are not {name}", code=UNDECODABLE, value=shown[:200])
    return None
