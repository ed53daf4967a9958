"""Files as tables: whatever is in them, rows come out, or one clear line."""

import gzip
import tracemalloc
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from write_side.entrypoints.importing.faults import BadFile
from write_side.entrypoints.importing.records import MAX_RECORD
from write_side.entrypoints.importing.source import Share
from write_side.entrypoints.importing.tables import FileOptions, Row, open_table

PLAIN = FileOptions()


def read(path: Path, options: FileOptions = PLAIN) -> tuple[tuple[str, ...], list[Row]]:
    """Header and rows."""
    table = open_table(path, options)
    try:
        return tuple(table.header), list(table.rows())
    finally:
        table.close()


def of(tmp_path: Path, content: bytes, options: FileOptions = PLAIN) -> tuple[tuple[str, ...], list[Row]]:
    """Header and rows of a file with this content."""
    path = tmp_path / "file"
    path.write_bytes(content)
    return read(path, options)


def cells(rows: list[Row]) -> list[list[str]]:
    """Cells of all rows; none may be bad."""
    assert [row.fault for row in rows] == [None] * len(rows)
    return [list(row.cells) for row in rows]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    """Of the four usual delimiters, the one that parts the header is taken."""
    text = "name_a_mail\nAnn_1,5;2_x".replace("_", delimiter).replace("1,5;2", f'"1{delimiter}5"')
    assert of(tmp_path, text.encode()) == (
        ("name", "a", "mail"),
        [Row(2, ["Ann", f"1{delimiter}5", "x"], None)],
    )


def test_a_header_with_a_wanted_name_decides(tmp_path: Path) -> None:
    """A delimiter under which a wanted column is there wins over one that makes more cells."""
    path = tmp_path / "file"
    path.write_text("a,b,c;Mail\n1,2,3;x\n")
    with closing(open_table(path, PLAIN, wanted={"Mail"})) as table:
        assert tuple(table.header) == ("a,b,c", "Mail")
    assert len(read(path)[0]) == 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_the_encoding_is_found(tmp_path: Path, encoding: str) -> None:
    """Usual encodings are read without being named."""
    text = "name;city\nMüller;Köln\nStraße;Düsseldorf\nJosé;Málaga\nÇelik;Besançon\n"
    assert cells(of(tmp_path, text.encode(encoding))[1])[:2] == [["Müller", "Köln"], ["Straße", "Düsseldorf"]]


def test_bytes_of_another_encoding_are_one_bad_row(tmp_path: Path) -> None:
    """In mixed encodings the row that cannot be decoded is bad, and those around it are not."""
    content = "a,b\n1,ü\n2,ö\n".encode() + "3,ä\n".encode("cp1252") + b"4,x\n"
    rows = of(tmp_path, content)[1]
    assert [(row.number, row.fault and row.fault.code) for row in rows] == [
        (2, None),
        (3, None),
        (4, "UNDECODABLE"),
        (5, None),
    ]


def test_quotes_and_line_ends_inside_a_field(tmp_path: Path) -> None:
    """Quoted line ends and doubled quotes belong to the field."""
    assert cells(of(tmp_path, b'a,b\r\n"x\r\ny","he said ""hi"""\r\n')[1]) == [["x\r\ny", 'he said "hi"']]


def test_a_stray_quote_costs_one_row(tmp_path: Path) -> None:
    """A quote that is never closed makes its own row bad; the rows after it are read."""
    rows = of(tmp_path, b'a,b\n1,2\n3,"oops\n5,6\n7,8\n')[1]
    assert [(row.number, list(row.cells), row.fault and row.fault.code) for row in rows] == [
        (2, ["1", "2"], None),
        (3, [], "MALFORMED_ROW"),
        (4, ["5", "6"], None),
        (5, ["7", "8"], None),
    ]


@pytest.mark.parametrize(
    "field", [b"x" * 50_000_000, b'"' + (b"x" * 999 + b"\n") * 50_000 + b'"'], ids=["line", "lines"]
)
def test_an_endless_field_is_one_bad_row_in_bounded_memory(tmp_path: Path, field: bytes) -> None:
    """A field of 50 MB is refused with its reason, and never held."""
    path = tmp_path / "file"
    path.write_bytes(b"a,b\n1,2\n3," + field + b"\n5,6\n")
    del field
    tracemalloc.start()
    _, rows = read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [(list(row.cells), row.fault and row.fault.code) for row in rows] == [
        (["1", "2"], None),
        ([], "FIELD_TOO_LONG"),
        (["5", "6"], None),
    ]
    assert peak < 20 * MAX_RECORD


@pytest.mark.parametrize("line", [b"\n", b",\n", b" , \n"])
def test_empty_rows_are_skipped_in_bounded_memory(tmp_path: Path, line: bytes) -> None:
    """Many thousand empty rows are no rows; the next keeps its number."""
    path = tmp_path / "file"
    path.write_bytes(b"a,b\n" + line * 200_000 + b"1,2\n")
    tracemalloc.start()
    _, rows = read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rows == [Row(200_002, ["1", "2"], None)]
    assert peak < 5_000_000


@pytest.mark.parametrize(("line", "said"), [(b"1,2,3", "3 cells"), (b"1", "only 1 cells"), (b'"a"b,c', "quoted")])
def test_a_row_of_another_shape_is_bad(tmp_path: Path, line: bytes, said: str) -> None:
    """Too many cells, too few, or bad quoting: a bad row that says so."""
    bad, good = of(tmp_path, b"a,b\n" + line + b"\n5,6\n")[1]
    assert bad.fault is not None
    assert said in bad.fault.message
    assert good.fault is None


def test_an_archive_that_was_cut_off_gives_what_it_has(tmp_path: Path) -> None:
    """All whole rows before the end of a truncated archive come out; then the row reached is named."""
    lines = [f"{number},{number * 7919 % 1_000_003}" for number in range(20_000)]
    packed = gzip.compress("\n".join(["a,b", *lines]).encode())
    path = tmp_path / "file.csv.gz"
    path.write_bytes(packed[: len(packed) // 2])
    rows: list[str] = []
    with closing(open_table(path, PLAIN)) as table, pytest.raises(BadFile, match="cut off after row") as caught:
        rows.extend(",".join(row.cells) for row in table.rows())
    assert rows == lines[: len(rows)]
    assert len(rows) > 5_000
    assert f"row {len(rows) + 1:,}:" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\n\n\n", "empty"),
        (b"\0\1\2\3" * 1000 + b"\xff\xfe\xfd", "no text"),
        (b"PK\x03\x04" + b"rubbish" * 100, "no workbook"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 100, "old kind"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0)[:12], "cut off"),
    ],
)
def test_what_is_no_table_is_one_clear_line(tmp_path: Path, content: bytes, said: str) -> None:
    """Files of no use are refused with one line that names the file and the reason."""
    with pytest.raises(BadFile, match=said) as caught:
        of(tmp_path, content)
    assert "\n" not in str(caught.value)
    assert "file" in str(caught.value)


LINES = ["1,2", '"x\ny",2', '"x,\n', '"a', 'a"b,c', '"a"b,c', "", ",", "1", "1,2,3", "a\rb,c"]
LONG = f"{'x' * (MAX_RECORD + 9)},2"


@given(
    lines=st.lists(st.sampled_from(LINES), max_size=12),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    parts=st.integers(2, 3),
)
@settings(max_examples=200)
@example(lines=[LONG, "1,2", LONG, "1,2"], end="\n", parts=2)
def test_shares_have_each_row_once(lines: list[str], end: str, parts: int) -> None:
    """Whoever passes over the rows of others reads those that are left as who reads all, whatever is between them."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_text(end.join(["a,b", *lines]), newline="")
        found = []
        for share in (Share(part, parts) for part in range(parts)):
            with closing(open_table(path, PLAIN)) as table:
                mine = [told(row) for row in table.rows(share.takes)]
            assert all(share.takes(number) for number, *_ in mine)
            found += mine
        assert sorted(found) == [told(row) for row in read(path)[1]]


def told(row: Row) -> tuple[int, list[str], str]:
    """What a row says, and why it is bad."""
    return row.number, list(row.cells), str(row.fault or "")


def workbook(path: Path, rows: list[list[Any]], title: str = "Leads") -> Path:
    """A workbook with one sheet of these rows."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(title)
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def test_a_workbook_is_read_as_its_sheet_shows_it(tmp_path: Path) -> None:
    """Numbers without needless decimals, dates in ISO 8601, empty rows left out, short rows filled up."""
    day = datetime(2024, 1, 31, tzinfo=UTC).replace(tzinfo=None)
    path = workbook(
        tmp_path / "leads.xlsx",
        [["Name", "When", "N", None], ["Müller", day, 3.0], [None, None], [" x ", day.replace(hour=10), 2.5], ["y"]],
    )
    header, rows = read(path)
    assert header == ("Name", "When", "N")
    assert [(row.number, list(row.cells)) for row in rows] == [
        (2, ["Müller", "2024-01-31", "3"]),
        (4, ["x", "2024-01-31T10:00:00", "2.5"]),
        (5, ["y", "", ""]),
    ]


def test_a_sheet_is_chosen_by_name(tmp_path: Path) -> None:
    """A sheet that is not there is refused with the names of those that are."""
    path = workbook(tmp_path / "leads.xlsx", [["a"], ["1"]], title="Sheet 7")
    assert read(path, FileOptions(sheet="Sheet 7"))[0] == ("a",)
    with pytest.raises(BadFile, match="'Sheet 7'"):
        read(path, FileOptions(sheet="other"))


def test_a_cut_workbook_is_one_clear_line(tmp_path: Path) -> None:
    """A workbook that was cut off is refused."""
    path = workbook(tmp_path / "leads.xlsx", [["a"], ["1"]])
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(BadFile, match="no workbook"):
        read(path)
