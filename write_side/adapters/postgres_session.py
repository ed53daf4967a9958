"""Connections to the log's PostgreSQL: as which role, with which settings, and what counts as an outage."""

from collections.abc import Iterator
from contextlib import contextmanager
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

__all__ = ["DRIVER_ERRORS", "Connection", "Pool", "is_outage", "no_answer", "open_pool", "outages_named"]

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


async def open_pool(url: str, role: str, size: int, *, statement_seconds: float = STATEMENT_SECONDS) -> Pool:
    """Connections in a role, made when they are needed."""
    return await asyncpg.create_pool(
        url,
        min_size=0,
        max_size=size,
        reset=_leave_as_it_is,
        server_settings=_SETTINGS | {"role": role, "application_name": f"eventcrm log as {role}"},
        command_timeout=statement_seconds,
        timeout=CONNECT_SECONDS,
    )


async def _leave_as_it_is(_connection: object) -> None:
    """Nothing here outlives its transaction, so a returned connection needs no round trip to be cleaned."""
