"""The log in PostgreSQL, for readers."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Self
from uuid import UUID

from asyncpg import Record

from event_schemas.envelope import LOST_KEY, StoredEvent
from event_schemas.ports import ANY, EventFilter
from event_schemas.streams import START, Position, StreamName, TenantId
from write_side.adapters.following import POLL_SECONDS, HeadWatch, follow
from write_side.adapters.keys import DerivedTenantKeys
from write_side.adapters.postgres_queries import queries
from write_side.adapters.postgres_session import Pool, open_pool, outages_named

_LAST_VERSION = 2**31 - 1
_LAST_POSITION = Position(2**63 - 1)

Rows = Sequence[Record]
Fetch = Callable[..., Awaitable[Rows]]


class PostgresReading:
    """``EventLog`` over a way to run a statement: ``fetch(sql, *arguments) -> rows``."""

    def __init__(self, fetch: Fetch, watch: HeadWatch, keys: DerivedTenantKeys) -> None:
        self._fetch = fetch
        self._watch = watch
        self._keys = keys
        self._sql = queries("log")

    async def load(self, stream: StreamName, *, after: int = 0, until: int | None = None) -> Sequence[StoredEvent]:
        return await self._events("load", stream, after, _LAST_VERSION if until is None else until)

    async def load_many(self, streams: Mapping[StreamName, int]) -> Mapping[StreamName, Sequence[StoredEvent]]:
        found: dict[StreamName, list[StoredEvent]] = {stream: [] for stream in streams}
        for event in await self._events("load_many", list(streams), list(streams.values())):
            found[event.stream].append(event)
        return found

    async def read_all(
        self, *, after: Position, limit: int, where: EventFilter = ANY, until: Position | None = None
    ) -> Sequence[StoredEvent]:
        last = _LAST_POSITION if until is None else until
        types = None if where.types is None else list(where.types)
        return await self._events("read_all", after, last, where.tenant, types, limit)

    async def read_entity(
        self, tenant: TenantId, entity: UUID, *, after: Position, limit: int
    ) -> Sequence[StoredEvent]:
        return await self._events("read_entity", tenant, entity, after, limit)

    def follow(self, *, after: Position, where: EventFilter = ANY) -> AsyncIterator[Sequence[StoredEvent]]:
        return follow(self, self._watch, after=after, where=where)

    async def head(self) -> Position:
        rows = await self._fetch(self._sql["head"])
        return Position(rows[0][0])

    async def _events(self, query: str, *arguments: object) -> list[StoredEvent]:
        return [
            StoredEvent(*row) if row["subject_id"] is None else self._with_key(row)
            for row in await self._fetch(self._sql[query], *arguments)
        ]

    def _with_key(self, row: Record) -> StoredEvent:
        *columns, salt = row
        key: bytes | None = LOST_KEY
        if salt is not None:
            key = self._keys.subject_key(row["tenant"], salt) if salt else None
        return StoredEvent(*(*columns, key))


class PostgresEventLog(PostgresReading):
    """The log as one database role sees it, over a pool of connections of its own.

    crm_worker and crm_append see every tenant's events; crm_api sees none until ``of_tenant`` names one.
    """

    def __init__(self, pool: Pool, keys: DerivedTenantKeys, *, poll_seconds: float = POLL_SECONDS) -> None:
        super().__init__(partial(_fetch, pool), HeadWatch(self.head, poll_seconds=poll_seconds), keys)
        self._pool = pool

    @classmethod
    async def connect(
        cls,
        url: str,
        *,
        secret: bytes,
        role: str = "crm_worker",
        connections: int = 4,
        poll_seconds: float = POLL_SECONDS,
    ) -> Self:
        """``secret`` is the master secret, which opens what is sealed.

        Connections are made when they are needed, so the server may come up later.
        """
        return cls(await open_pool(url, role, connections), DerivedTenantKeys(secret), poll_seconds=poll_seconds)

    def of_tenant(self, tenant: TenantId) -> PostgresReading:
        """The same log as row-level security shows it to one tenant; cheap, made for one request."""
        return PostgresReading(partial(_fetch_as_tenant, self._pool, tenant), self._watch, self._keys)

    def wake(self, head: Position = START) -> None:
        """Somebody in this process knows that the log has grown: its followers need not wait for the next poll."""
        self._watch.wake(head)

    async def close(self) -> None:
        """Give the connections back; nothing may be read afterwards."""
        await self._watch.close()
        await self._pool.close()


async def _fetch(pool: Pool, sql: str, *arguments: object) -> Rows:
    with outages_named():
        return await pool.fetch(sql, *arguments)


async def _fetch_as_tenant(pool: Pool, tenant: TenantId, sql: str, *arguments: object) -> Rows:
    with outages_named():
        async with pool.acquire() as connection, connection.transaction(readonly=True):
            await connection.execute(queries("log")["bind_tenant"], tenant)
            return await connection.fetch(sql, *arguments)
