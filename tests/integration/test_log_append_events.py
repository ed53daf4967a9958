"""The function that appends, called with what a store sends it: each command of a call is judged alone."""

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

import asyncpg
import pytest
import pytest_asyncio

from event_schemas.codec import seal
from event_schemas.envelope import EMPTY, Origin, StoredEvent, StreamHead
from event_schemas.streams import StreamName
from tests.contract.event_store import a_stream, amounts, origin
from tests.support.events import NOON
from write_side.adapters.group_commit import Append
from write_side.adapters.postgres_append import rows_of
from write_side.adapters.postgres_queries import queries

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

COLUMNS = StoredEvent.__struct_fields__[1:-1]
APPEND = queries("append")["append"]
ATTRIBUTES = """
select attname, format_type(atttypid, atttypmod) from pg_attribute
where attrelid = $1::text::regclass and attnum > 0 and not attisdropped order by attnum
"""


@pytest_asyncio.fixture
async def connection(crm_database: str) -> "AsyncIterator[Connection]":
    """In the appender's role, and with the server's own settings: what is judged must not hang on a plan."""
    connection = await asyncpg.connect(crm_database, server_settings={"role": "crm_append"})
    yield connection
    await connection.close()


def command(
    stream: StreamName, *numbers: int, head: StreamHead = EMPTY, again: Origin | None = None
) -> tuple[Append, StreamHead]:
    """One event for each number, and where the stream ends after them."""
    sealed = seal(amounts(*numbers), stream=stream, head=head, origin=again or origin(), recorded_at=NOON)
    return Append(stream, head.version, sealed), StreamHead(sealed[-1].stream_version, sealed[-1].hash)


def events_of(*appends: Append) -> list[StoredEvent]:
    """All of them, in order."""
    return [event for append in appends for event in append.events]


async def sent(
    connection: "Connection", *appends: Append, beginning: bool = False
) -> tuple[int, Sequence[int | None] | None]:
    """The answer to one call."""
    ((head, refused),) = await connection.fetch(APPEND, rows_of(events_of(*appends)), beginning, False)
    return head, refused


async def stored(connection: "Connection") -> list[tuple[object, ...]]:
    """The log, all of it, as rows of what is sent."""
    rows = await connection.fetch(f"select {', '.join(COLUMNS)} from log_events order by position")
    return [tuple(row) for row in rows]


async def test_a_call_may_hold_all_there_is(connection: "Connection") -> None:
    """Commands of several events that begin or go on are stored, in order, without a hole; others are told."""
    old, behind, ahead, twice = (a_stream() for _ in range(4))
    origins = [origin() for _ in range(3)]
    first, heads = zip(
        *(command(s, 1, 2, again=o) for s, o in zip((old, behind, twice), origins, strict=True)), strict=True
    )
    assert await sent(connection, *first, beginning=True) == (0, None)
    good, _ = command(old, 3, 4, head=heads[0])
    stale, _ = command(behind, 3, head=StreamHead(1, heads[1].hash))
    early, _ = command(ahead, 1, head=StreamHead(5))
    repeated, _ = command(twice, 1, 2, head=heads[2], again=origins[2])
    new, _ = command(a_stream(), 1, 2, 3)
    answer = await sent(connection, stale, good, early, new, repeated)
    assert answer == (6, [2, None, 0, None, 2])
    assert await stored(connection) == rows_of(events_of(*first, good, new))
    positions = await connection.fetch("select position from log_events order by position")
    assert [row["position"] for row in positions] == list(range(1, 12))
    assert await sent(connection, command(a_stream(), 1)[0], beginning=True) == (11, None)


async def test_a_stream_said_to_begin_is_not_begun_twice(connection: "Connection") -> None:
    """Without a look at it, that is a violation that stores nothing of the call; with a look, the others are stored."""
    stream = a_stream()
    await sent(connection, command(stream, 1)[0], beginning=True)
    wrong, neighbour = command(stream, 2)[0], command(a_stream(), 3)[0]
    with pytest.raises(asyncpg.UniqueViolationError):
        await sent(connection, neighbour, wrong, beginning=True)
    assert len(await stored(connection)) == 1
    assert await sent(connection, neighbour, wrong) == (1, [None, 1])


async def test_an_event_is_sent_as_it_is_stored(connection: "Connection") -> None:
    """The type of what is sent has the fields of a stored event, in their order and of the table's types."""
    sends = [tuple(row) for row in await connection.fetch(ATTRIBUTES, "log_event")]
    keeps = {tuple(row) for row in await connection.fetch(ATTRIBUTES, "log_events")}
    assert tuple(name for name, _ in sends) == COLUMNS
    assert set(sends) <= keeps
