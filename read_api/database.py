"""PostgreSQL as the API reads it: one read-only snapshot per operation, bound to one tenant."""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import asyncpg

from event_schemas.streams import TENANT, TenantId

SETTINGS = {
    "role": "crm_api",
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "application_name": "eventcrm-api",
    "default_transaction_read_only": "on",
    # statements are many, short and prepared: planning each of them again costs more than a plan made to measure brings
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
}
STATEMENT_SECONDS = 10
PREPARED = 100
"""Statements that stay prepared per connection."""
LONGEST_PREPARED = 50_000
"""Characters; longer ones are prepared each time."""


class Database:
    """A pool of connections that belong to no tenant until a transaction binds them."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    @classmethod
    async def connect(cls, url: str, *, min_size: int = 1, max_size: int = 8) -> Self:
        """Open the pool; raises what asyncpg raises when the server cannot be reached."""
        pool = await asyncpg.create_pool(
            url,
            min_size=min_size,
            max_size=max_size,
            server_settings={**SETTINGS, "statement_timeout": str(STATEMENT_SECONDS * 1000)},
            statement_cache_size=PREPARED,
            max_cacheable_statement_size=LONGEST_PREPARED,
            max_inactive_connection_lifetime=0,
            reset=_no_reset,
        )
        return cls(pool)

    def transaction(self, tenant: TenantId) -> "ReadTransaction":
        """A transaction of the tenant, not yet begun."""
        return ReadTransaction(self._pool, tenant)

    async def close(self) -> None:
        """Wait for the transactions under way, then close all connections."""
        await self._pool.close()


class TransactionClosed(RuntimeError):
    """The operation has ended: a resolver that was left behind asks in vain, and takes no connection any more."""


class ReadTransaction:
    """One snapshot, begun by its first statement. Statements of concurrent resolvers wait for each other."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", tenant: TenantId) -> None:
        if TENANT.match(tenant) is None:
            raise ValueError(f"{tenant!r} is no tenant's name")
        self._pool = pool
        self._begin = (
            f"begin isolation level repeatable read read only; select set_config('crm.tenant', '{tenant}', true)"
        )
        self._lock = asyncio.Lock()
        self._connection: Any = None
        self._failure: Exception | None = None
        self._cancelled: TransactionClosed | None = None

    async def fetch(self, sql: str, *arguments: object) -> Sequence[asyncpg.Record]:
        """The rows of one statement; after one that failed, every other fails with the same error.

        Raises what asyncpg raises, and TransactionClosed after the end.
        """
        async with self._lock:
            if self._failure is not None:
                raise self._failure
            try:
                if self._connection is None:
                    await self._open()
                rows: list[asyncpg.Record] = await self._connection.fetch(sql, *arguments)
            except asyncpg.PostgresError as error:
                self._failure = error
                raise
            except asyncio.CancelledError:
                self._failure = self._cancelled = TransactionClosed("a statement of the transaction was cancelled")
                raise
            return rows

    async def _open(self) -> None:
        connection = await self._pool.acquire()
        self._connection = connection  # first, so that close() ends what a cancelled statement began
        await connection.execute(self._begin)

    async def close(self) -> None:
        """End the transaction; a statement under way comes first, and none comes afterwards."""
        async with self._lock:
            connection, self._connection = self._connection, None
            self._failure = TransactionClosed("the transaction has ended")
            if connection is not None:
                # whoever waits for the answer may have gone: the connection goes back all the same
                await asyncio.shield(self._end(connection))

    async def _end(self, connection: Any) -> None:
        try:
            # while the server is told to give a statement up, the driver does not know yet that there is a transaction
            if not connection.is_closed() and (connection.is_in_transaction() or self._cancelled is not None):
                await connection.execute("rollback")
        except (asyncpg.InterfaceError, asyncpg.PostgresConnectionError, OSError):
            pass  # the connection was lost, and the transaction with it; the pool may have taken it back already
        finally:
            await self._pool.release(connection)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


async def _no_reset(_: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Transactions leave nothing behind, so that asking the server to forget it would be a round trip for nothing."""
