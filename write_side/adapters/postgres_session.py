"""Connections to the log's PostgreSQL: as which role, with which settings, and what counts as an outage."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import TYPE_CHECKING

import asyncpg

from event_schemas.ports import EventLogUnavailable

if TYPE_CHECKING:
    # generic in the stubs only
    from asyncpg.pool import PoolConnectionProxy

    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
else:
    from asyncpg import Connection, Pool

__all__ = ["DRIVER_ERRORS", "Connection", "Pool", "Writers", "is_outage", "no_answer", "open_pool", "outages_named"]

CONNECT_SECONDS = 10.0
STATEMENT_SECONDS = 30.0

# Every statement on the log is a lookup in an index, in that index's order. The planner must not think otherwise
# because the table was empty when a connection first planned it: that plan is kept, and the table grows.
_SETTINGS = {
    "timezone": "UTC",
    "jit": "off",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_sort": "off",
    "plan_cache_mode": "force_generic_plan",
}
DRIVER_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""All that a call may raise."""
_OUTAGES = (
    OSError,  # refused, reset, timed out
    asyncpg.InterfaceError,  # closed under us
    asyncpg.InternalClientError,  # the server said good-bye between two statements
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shut down, starting up, terminated
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby, after a failover
)


def is_outage(error: BaseException) -> bool:
    """True when the same statement may succeed later. The driver's ValueError is about an argument that it refuses."""
    return isinstance(error, _OUTAGES) and not isinstance(error, ValueError)


@contextmanager
def outages_named() -> Iterator[None]:
    """Raise EventLogUnavailable for what is an outage, and everything else as it is."""
    try:
        yield
    except DRIVER_ERRORS as error:
        if is_outage(error):
            raise EventLogUnavailable(no_answer(error)) from error
        raise


def no_answer(cause: BaseException) -> str:
    """What to say about an outage."""
    return f"the event store does not answer: {str(cause) or type(cause).__name__}"


class Writers:
    """A few connections for appending, made when they are needed; each has one user at a time.

    Taking one and giving it back costs no turn of the event loop: a pool's does, and meanwhile the appends that were
    answered are not yet those that come back with more.
    """

    def __init__(self, url: str, role: str, *, statement_seconds: float) -> None:
        self._connect = partial(_connect, url, role, statement_seconds)
        self._idle: list[asyncpg.Connection[asyncpg.Record]] = []

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """One that answers as far as is known. After an error it is not used again."""
        connection = self._idle.pop() if self._idle else await self._connect()
        try:
            yield connection
        except BaseException:
            connection.terminate()
            raise
        self._idle.append(connection)

    async def close(self) -> None:
        """Close those that nobody uses."""
        while self._idle:
            await self._idle.pop().close()


async def _connect(url: str, role: str, statement_seconds: float) -> "asyncpg.Connection[asyncpg.Record]":
    return await asyncpg.connect(
        url, server_settings=_server_settings(role), command_timeout=statement_seconds, timeout=CONNECT_SECONDS
    )


async def open_pool(url: str, role: str, size: int) -> Pool:
    """Connections in a role, made when they are needed."""
    return await asyncpg.create_pool(
        url,
        min_size=0,
        max_size=size,
        reset=_leave_as_it_is,
        server_settings=_server_settings(role),
        command_timeout=STATEMENT_SECONDS,
        timeout=CONNECT_SECONDS,
    )


def _server_settings(role: str) -> dict[str, str]:
    return _SETTINGS | {"role": role, "application_name": f"eventcrm log as {role}"}


async def _leave_as_it_is(_connection: object) -> None:
    """Nothing here outlives its transaction, so a returned connection needs no round trip to be cleaned."""
