"""The sink of the Postgres views: what each kind of change leaves behind, for every type of column."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from uuid import UUID

import asyncpg
import pytest

from event_schemas.streams import Position
from event_schemas.topics import LOG
from projections.changes import FOREVER, Change, Delete, Increment, Patch, Put
from projections.errors import Refused, SinkUnavailable
from projections.sinks.connection import Connection, connected
from projections.sinks.postgres import PostgresSink, postgres_sink
from tests.support.network import free_port
from tests.support.projecting import NoDocuments, batch_of

AT = {LOG: Position(9)}
NOON = datetime(2017, 6, 30, 12, tzinfo=UTC)
_TABLE = """
    create table tally (id uuid, tenant text, "group" text, count bigint not null default 0,
      total integer not null default 0, day date, seen_at timestamptz, doc jsonb,
      twice bigint generated always as (count * 2) stored,
      primary key (tenant, id));
    grant all on tally to crm_worker"""
A, B = UUID(int=1), UUID(int=2)


@pytest.fixture
async def connection(crm_database: str) -> AsyncIterator[Connection]:
    """A worker's connection, to a database that also has a table with every type of column."""
    admin = await asyncpg.connect(crm_database)
    await admin.execute(_TABLE)
    await admin.close()
    async with connected(crm_database) as connection:
        yield connection


@pytest.fixture
async def sink(connection: Connection) -> PostgresSink:
    """A sink of that table."""
    return await postgres_sink(connection, ["tally"], NoDocuments())


def put(entity: UUID, **fields: object) -> Put:
    """A whole row."""
    row = {
        "id": entity,
        "tenant": "demo",
        "group": None,
        "count": 0,
        "total": 0,
        "day": None,
        "seen_at": None,
        "doc": None,
    }
    return Put("tally", ("demo", entity), {**row, **fields})  # type: ignore[dict-item]  # a test gives what columns hold


async def tallies(connection: Connection) -> list[tuple[object, ...]]:
    """What the table holds."""
    found = await connection.fetch('select id, "group", count, total, day, seen_at, doc, twice from tally order by id')
    return [tuple(row) for row in found]


async def written(sink: PostgresSink, *changes: Change) -> None:
    """The changes, in one batch."""
    await sink.write(batch_of(*changes), until=AT)


async def test_a_put_writes_every_column_and_replaces_the_row(sink: PostgresSink, connection: Connection) -> None:
    """All types; the columns that the database makes itself are left to it."""
    await written(
        sink, put(A, group="g", count=1, day=date(2017, 6, 30), seen_at=NOON, doc='{"a": 1}'), put(B, count=5)
    )
    assert await tallies(connection) == [
        (A, "g", 1, 0, date(2017, 6, 30), NOON, '{"a": 1}', 2),
        (B, None, 5, 0, None, None, None, 10),
    ]
    await written(sink, put(A, total=3))
    assert (await tallies(connection))[0] == (A, None, 0, 3, None, None, None, 0)


async def test_for_ever_is_infinity(sink: PostgresSink, connection: Connection) -> None:
    """What has not ended ends after every moment that can be asked for."""
    await written(sink, put(A, seen_at=FOREVER))
    assert await connection.fetchval("select seen_at = 'infinity' from tally")


async def test_a_patch_changes_its_columns_of_a_row_that_is_there(sink: PostgresSink, connection: Connection) -> None:
    """The others stay; where no row is, none comes."""
    await written(sink, put(A, group="g", count=1))
    await written(sink, Patch("tally", ("demo", A), {"count": 7}), Patch("tally", ("demo", B), {"count": 8}))
    assert await tallies(connection) == [(A, "g", 7, 0, None, None, None, 14)]


async def test_increments_add_up_from_nothing(sink: PostgresSink, connection: Connection) -> None:
    """Within a batch and over batches, whatever columns they name."""
    one, other = (
        Increment("tally", ("demo", A), {"count": 2}),
        Increment("tally", ("demo", A), {"count": 3, "total": -1}),
    )
    await written(sink, one, other)
    await written(sink, one, Increment("tally", ("demo", B), {"total": 4}))
    assert [row[:4] for row in await tallies(connection)] == [(A, None, 7, -1), (B, None, 0, 4)]


async def test_a_delete_removes_the_row(sink: PostgresSink, connection: Connection) -> None:
    """Only that one; in a batch the last word counts."""
    await written(sink, put(A), put(B))
    await written(sink, Delete("tally", ("demo", A)), Delete("tally", ("demo", UUID(int=3))))
    assert [row[0] for row in await tallies(connection)] == [B]
    await written(sink, Delete("tally", ("demo", B)), put(B, count=1))
    assert [row[:3] for row in await tallies(connection)] == [(B, None, 1)]


async def test_what_cannot_be_said_at_once_is_written_in_order(sink: PostgresSink, connection: Connection) -> None:
    """A patch before an increment of the same row, and after it."""
    row = ("demo", A)
    count = Increment("tally", row, {"count": 1})
    await written(sink, put(A), count, Patch("tally", row, {"count": 10}), count)
    await written(sink, count, Patch("tally", row, {"total": 5}), count)
    assert [row[:4] for row in await tallies(connection)] == [(A, None, 13, 5)]


@pytest.mark.parametrize(
    "fields", [{"group": "\0"}, {"total": 2**40}, {"count": "many"}, {"doc": "{"}, {"count": None}]
)
async def test_a_value_that_the_database_does_not_take_is_refused(
    sink: PostgresSink, fields: dict[str, object]
) -> None:
    """Whether the driver or the server says so: the value is at fault, not the server."""
    with pytest.raises(Refused):
        await written(sink, put(A, **fields))


async def test_a_table_that_is_not_there_is_said_at_the_start(connection: Connection) -> None:
    """A view without its migration does not begin."""
    with pytest.raises(LookupError, match="no_such_table"):
        await postgres_sink(connection, ["tally", "no_such_table"], NoDocuments())


async def test_a_server_that_is_away_is_unavailable() -> None:
    """Nobody answers at the port."""
    with pytest.raises(SinkUnavailable, match="PostgreSQL"):
        async with connected(f"postgresql://crm@127.0.0.1:{free_port()}/postgres"):
            pytest.fail("nobody is there")
