"""A worker's connection to PostgreSQL, and what its errors mean to a view group."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final

import asyncpg

from projections.errors import Refused, SinkUnavailable

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection

_SETTINGS: Final = {
    "role": "crm_worker",
    "timezone": "UTC",
    "application_name": "eventcrm projections",
    # rows and watermark are lost together, and then written again from the log
    "synchronous_commit": "off",
    # every statement is by primary key: no statistics of a table that grows may lead it to a scan
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_sort": "off",
    "jit": "off",
}
_CONNECT_S: Final = 10.0
_STATEMENT_S: Final = 60.0  # far more than any takes: who does not answer by then is lost
_GOODBYE_S: Final = 0.5
# the internal error is what a connection that the server closed while it was idle raises
_FAILURES: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection]:
    """A connection with the worker's role; raises SinkUnavailable."""
    with translated():
        connection: Connection = await asyncpg.connect(
            url, server_settings=dict(_SETTINGS), timeout=_CONNECT_S, command_timeout=_STATEMENT_S
        )
    try:
        yield connection
    finally:
        await _close(connection)


async def _close(connection: Connection) -> None:
    try:
        await connection.close(timeout=_GOODBYE_S)
    except _FAILURES:
        connection.terminate()  # it was lost already, or the server does not answer


@contextmanager
def translated() -> Iterator[None]:
    """The driver's errors as ours: Refused when a value is at fault, else SinkUnavailable."""
    try:
        yield
    except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
        raise Refused(f"{type(error).__name__}: {error}") from error
    except _FAILURES as error:
        what = f"{type(error).__name__}: {error}"
        if isinstance(error, ValueError):  # the driver's word for an argument that it cannot send
            raise Refused(what) from error
        raise SinkUnavailable(f"PostgreSQL: {what}") from error
