"""Mappings: what is understood, what is refused and in which words, and what rows become by them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import asdict

from event_schemas.people import Attribute
from event_schemas.streams import TenantId, entity_id
from event_schemas.values import Money
from tests.support.importing import TENANT
from write_side.entrypoints.importing.faults import BadFile, BadMapping, BadRow
from write_side.entrypoints.importing.kinds import KINDS
from write_side.entrypoints.importing.mapping import Part, parse
from write_side.entrypoints.importing.rows import RowPlanner
from write_side.entrypoints.importing.tables import Row

BATCH = UUID(int=7)
CONSENT = "kind='contact'\n[columns]\nname='a'\n[consents.news]\ncolumn='a'\n"


def planner(mapping: str, header: Sequence[str], as_of: Part | None = None) -> RowPlanner:
    """A mapping for a file with this header."""
    read = parse(mapping.encode())
    return RowPlanner(read, KINDS[read.kind or ""], header, tenant=TENANT, batch=BATCH, as_of=as_of)


def created(mapping: str, row: dict[str, str]) -> dict[str, Any]:
    """The fields of the command with which a row begins its entity, those that are None left out."""
    plan = planner(mapping, list(row))
    command = plan.create(plan.plan(Row(2, list(row.values())))).command
    return {name: value for name, value in asdict(command).items() if value is not None and name != "id"}


def refused(mapping: str, row: dict[str, str]) -> BadRow:
    """Why a row is bad."""
    with pytest.raises(BadRow) as caught:
        created(mapping, row)
    return caught.value


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("kind = 'lead'\n[columns\n", "not TOML.*line 2"),
        ("kind = 'lead'", "columns is missing"),
        ("kind = 'lead'\n\n[columns]\nname = { colum = 'x' }", r"columns.name.colum \(line 4\): there is no such key"),
        ("kind = 'lead'\n[columns]\nname = { join = 'x' }", r"name \(line 3\) needs either a column or a value"),
        ("kind = 'lead'\n[columns]\nname = 0", r"name \(line 3\): columns are numbered from 1"),
        ("kind = 'lead'\n[columns]\nname = 2.5", r"columns.name \(line 3\): expected int | str | table, found float"),
        ("kind = 'lead'\nmach = 'name'\n[columns]\nname = 'x'", r"mach \(line 2\): there is no such key"),
        ("kind = 'lead'\n[columns]\nname = {column='x', lookup='y'}", r"look-up 'y', and there is no \[lookups.y\]"),
        ("kind = 'lead'\n[columns]\nname='x'\n[constants]\nname='y'", "choose one"),
        ("kind = 'lead'\n[columns]\nname={column='x',part=0,split=' '}", "numbered from 1"),
        ("kind = 'lead'\n[columns]\nowner_id={column='x',key='name'}", "has no {}"),
    ],
)
def test_a_mapping_that_is_not_understood_names_key_and_line(mapping: str, said: str) -> None:
    """What is wrong is said with the key, and the line where it stands."""
    with pytest.raises(BadMapping, match=said) as caught:
        parse(mapping.encode())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("kind='lead'\n[columns]\nemial='a'", "a lead has no 'emial'; it has .*email"),
        ("kind='lead'\nmatch='email'\n[columns]\nname='a'", r"\[columns\] has no 'email'"),
        ("kind='lead'\n[columns]\nname='a'\n[deal.won]\ncolumn='a'\nequals='1'", "rows become a lead"),
        ("kind='lead'\n[columns]\nname='a'\n[lead.won]\ncolumn='a'\nequals='1'", r"\[lead\] has no 'won'"),
        ("kind='team'\n[columns]\nname='a'\n[attributes]\ncolumns='others'", "no free attributes"),
        ("kind='deal'\n[columns]\namount='a'", "say its currency"),
        ("kind='deal'\n[columns]\nexpected_close={column='a',format='d.m.Y'}", "has no %"),
        ("kind='lead'\n[columns]\nname='a'\noccurred_at={column='a',timezone='Mars'}", "no time zone 'Mars'"),
        ("kind='lead'\n[columns]\nname='a'\n[consents.news]\ncolumn='a'\nchannel='email'\ngiven='y'", "by contacts"),
        (CONSENT + "channel='fax'\ngiven='y'", "consents.news: .*'fax'"),
        (CONSENT + "channel='email'\ngiven=['y','j']\nwithdrawn=['n','j']", "'j' cannot stand for both"),
    ],
)
def test_a_mapping_that_does_not_fit_its_kind_is_refused(mapping: str, said: str) -> None:
    """Fields and rules are those that the kind has."""
    with pytest.raises(BadMapping, match=said):
        planner(mapping, ["a"])


def test_missing_columns_are_named_with_the_header() -> None:
    """A header that lacks columns is shown, and doubt about the delimiter is raised where it has one cell."""
    with pytest.raises(
        BadFile, match=r"columns 'Name', 3 not found; its header has 1 columns: 'x;y' \(is the delimiter"
    ):
        planner("kind='lead'\n[columns]\nname='Name'\nemail=3", ["x;y"])


def test_a_header_twice_is_refused_unless_told_apart_by_number() -> None:
    """Two columns of one name are never guessed between."""
    header = ["Name", "Mail", "Mail"]
    with pytest.raises(BadFile, match=r"'Mail' 2 times \(columns 2, 3\)"):
        planner("kind='lead'\n[columns]\nname='Name'\nemail='Mail'", header)
    with pytest.raises(BadFile, match="2 times"):
        planner("kind='lead'\n[columns]\nname='Name'\n[attributes]\ncolumns='others'", header)
    by_number = planner("kind='lead'\n[columns]\nname='Name'\nemail=3", header)
    command: Any = by_number.create(by_number.plan(Row(2, ["Ann", "a@x.org", "b@x.org"]))).command
    assert command.email == "b@x.org"


def test_columns_constants_lookups_defaults_and_pieces() -> None:
    """Texts come from one column or several, from constants, through look-ups, with defaults, in pieces."""
    mapping = """
        kind = "lead"
        [columns]
        name = { column = ["First", "Last"] }
        job_title = { column = "Role", split = "/", part = -1 }
        source = { column = "Source", lookup = "sources", default = "none" }
        company = { column = "Company", empty = ["-"] }
        [constants]
        campaign = "Spring"
        [lookups.sources]
        g = "Google"
    """
    row = {"First": " Ann ", "Last": "Bell", "Role": "Sales / Buyer", "Source": "g", "Company": "-"}
    expected = {"name": "Ann Bell", "job_title": "Buyer", "source": "Google", "campaign": "Spring"}
    assert created(mapping, row) == expected
    assert created(mapping, row | {"Source": "", "First": ""})["source"] == "none"
    assert created(mapping, row | {"Source": "odd", "First": ""}) == expected | {"source": "odd", "name": "Bell"}


def test_a_lookup_may_refuse_what_it_does_not_know() -> None:
    """With unknown = reject, a text that the look-up lacks is a bad cell."""
    mapping = "kind='lead'\n[columns]\nname='N'\nsource={column='S',lookup='s',unknown='reject'}\n[lookups.s]\na='b'"
    assert created(mapping, {"N": "x", "S": "a"})["source"] == "b"
    assert (refused(mapping, {"N": "x", "S": "c"}).field, refused(mapping, {"N": "x", "S": "c"}).value) == (
        "source",
        "c",
    )


def test_free_attributes_are_the_other_columns() -> None:
    """All columns that nothing else uses become attributes; those without a name, or skipped, or empty, do not."""
    mapping = "kind='lead'\n[columns]\nname='N'\n[attributes]\ncolumns='others'\nskip=['X']\nempty=['Select']"
    got = created(mapping, {"N": "Ann", "City": "Berlin", "X": "1", "": "2", "Blank": " ", "Sel": "Select", "Z": "0"})
    assert got["attributes"] == (Attribute("City", "Berlin"), Attribute("Z", "0"))


@pytest.mark.parametrize(
    ("options", "text", "minor"),
    [
        ("currency='USD'", "1,234.5", 123450),
        ("currency='EUR', decimal=','", "1.234,50 €", 123450),
        ("currency='USD', scale=1000000", "1100.04", 110004000000),
        ("currency='USD', scale='0.001'", "1500", 150),
        ("currency='JPY'", "1500", 1500),
    ],
)
def test_money_is_read_exactly(options: str, text: str, minor: int) -> None:
    """Amounts become whole minor units by the column's currency, scale and decimals."""
    mapping = f"kind='product'\n[columns]\nname='N'\nprice={{column='P', {options}}}"
    price = created(mapping, {"N": "x", "P": text})["price"]
    assert isinstance(price, Money)
    assert price.minor == minor


@pytest.mark.parametrize("text", ["abc", "1.005", "NaN", "-5", "1e30"])
def test_money_that_is_none_is_a_bad_cell(text: str) -> None:
    """An amount that cannot be stored exactly is refused, never rounded."""
    reason = refused("kind='product'\n[columns]\nname='N'\nprice={column='P',currency='USD'}", {"N": "x", "P": text})
    assert (reason.code, reason.field) == ("INVALID_VALUE", "price")


def test_the_currency_may_be_a_column() -> None:
    """An amount takes its currency from the row where the mapping says so."""
    mapping = "kind='product'\n[columns]\nname='N'\nprice='P'\ncurrency='C'"
    assert created(mapping, {"N": "x", "P": "2", "C": "EUR"})["price"] == Money(200, "EUR")
    assert refused(mapping, {"N": "x", "P": "2", "C": ""}).field == "price"


@pytest.mark.parametrize(
    ("options", "text", "expected"),
    [
        ("", "2027-01-31", date(2027, 1, 31)),
        (", format='%m/%d/%Y'", "1/31/2027", date(2027, 1, 31)),
        (", format=['%d.%m.%Y', '%d %B %Y']", "31 January 2027", date(2027, 1, 31)),
        (", format='%m/%d/%Y'", "2027-01-31", date(2027, 1, 31)),
    ],
)
def test_dates_are_read_by_their_formats(options: str, text: str, expected: date) -> None:
    """Any of the column's formats fits, or ISO 8601, in which workbooks give theirs."""
    keys = "pipeline_id={column='P',key='{}'}\namount={column='A',currency='USD'}"
    mapping = f"kind='deal'\n[columns]\nname='N'\n{keys}\nexpected_close={{column='D'{options}}}"
    assert created(mapping, {"N": "x", "P": "p", "A": "1", "D": text})["expected_close"] == expected
    assert "is not a date as in" in refused(mapping, {"N": "x", "P": "p", "A": "1", "D": "31/31/2027"}).message


def test_references_are_ids_or_keys() -> None:
    """A reference is made of the other entity's key as the mapping says, or is an id."""
    by_key = "kind='lead'\n[columns]\nname='N'\nowner_id={column='O',key='name={}'}"
    assert created(by_key, {"N": "x", "O": "Ann"})["owner_id"] == entity_id(TENANT, "user", "name=Ann")
    by_id = "kind='lead'\n[columns]\nname='N'\nowner_id='O'"
    assert created(by_id, {"N": "x", "O": str(BATCH)})["owner_id"] == BATCH
    assert "say in the mapping" in refused(by_id, {"N": "x", "O": "Ann"}).message


def test_the_match_key_makes_the_id() -> None:
    """The same key is the same entity in every file of a tenant; without a key each row is its own."""
    keyed = planner("kind='lead'\nmatch='email'\n[columns]\nemail='E'", ["E"])
    ids = {keyed.plan(Row(row, [text])).entity for row, text in ((2, "Ann@X.org"), (3, " ann@x.org "))}
    assert ids == {entity_id(TENANT, "lead", "email=ann@x.org")}
    assert entity_id(TenantId("other"), "lead", "email=ann@x.org") not in ids
    with pytest.raises(BadRow, match="email is empty"):
        keyed.plan(Row(4, [""]))
    alone = planner("kind='lead'\n[columns]\nemail='E'", ["E"])
    assert len({alone.plan(Row(row, ["a@x.org"])).entity for row in (2, 3)}) == 2


def test_the_moment_of_a_row() -> None:
    """The business time is what the mapping's occurred_at says, or the column given on the command line."""
    zoned = (
        "kind='lead'\n[columns]\nname='N'\noccurred_at={column='T',format='%d.%m.%Y %H:%M',timezone='Europe/Berlin'}"
    )
    at = planner(zoned, ["N", "T"]).plan(Row(2, ["x", "01.07.2024 12:00"])).occurred_at
    assert at == datetime(2024, 7, 1, 10, tzinfo=UTC)
    given = planner("kind='lead'\n[columns]\nname='N'", ["N", "T"], as_of=Part(column="T"))
    assert given.plan(Row(2, ["x", "2024-07-01"])).occurred_at == datetime(2024, 7, 1, tzinfo=UTC)
    assert given.plan(Row(2, ["x", ""])).occurred_at is None


def test_what_a_command_does_not_take_is_a_bad_cell() -> None:
    """A value out of bounds is refused with field, reason and the value."""
    reason = refused("kind='lead'\n[columns]\nname='N'\nemail='E'", {"N": "x", "E": "no address"})
    assert (reason.code, reason.field, reason.value) == ("INVALID_VALUE", "email", "no address")
    missing = refused("kind='account'\n[columns]\nname='N'\nsector='S'", {"N": "", "S": "retail"})
    assert (missing.field, missing.message) == ("name", "name must be given; send null to say that there is none")
