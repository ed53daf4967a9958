"""Checkpoints and links of process managers in PostgreSQL, moved together in one transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Self
from uuid import UUID

from event_schemas.streams import Position, TenantId
from write_side.adapters.postgres_queries import queries
from write_side.adapters.postgres_session import Connection, Pool, open_pool, outages_named
from write_side.application.process_managers.links import NO_CHANGES, LinkChanges, MergedEntity, Relation
from write_side.application.process_managers.ports import CheckpointMoved

_ROLE = "crm_append"


class PostgresCheckpoints:
    """``Checkpoints`` and ``Links``, in the database of the log."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._sql = queries("checkpoints")

    @classmethod
    async def connect(cls, url: str, *, connections: int = 2) -> Self:
        """Connections are made when they are needed, so the server may come up later."""
        return cls(await open_pool(url, _ROLE, connections))

    async def close(self) -> None:
        """Give the connections back."""
        await self._pool.close()

    async def position(self, process: str) -> Position:
        return Position((await self._fetch("position", process))[0][0])

    async def advance(self, process: str, *, after: Position, to: Position, changes: LinkChanges = NO_CHANGES) -> None:
        with outages_named():
            async with self._pool.acquire() as connection, connection.transaction():
                # First, since it locks the row: a second runner waits here, and then finds that it came too late.
                if not await connection.fetch(self._sql["advance"], process, after, to):
                    raise CheckpointMoved(f"another runner of the process {process} has moved on from {after}")
                await self._store(connection, changes)

    async def referring(self, tenant: TenantId, relation: Relation, to: UUID) -> Sequence[UUID]:
        return [row[0] for row in await self._fetch("referring", tenant, relation, to)]

    async def targets(self, tenant: TenantId, relation: Relation, of: UUID) -> Collection[UUID]:
        return [row[0] for row in await self._fetch("targets", tenant, relation, of)]

    async def merged(self) -> Mapping[MergedEntity, UUID]:
        return {MergedEntity(row[0], row[1], row[2]): row[3] for row in await self._fetch("merged")}

    async def _store(self, connection: Connection, changes: LinkChanges) -> None:
        steps: Sequence[tuple[str, Iterable[tuple[Any, ...]]]] = (
            ("clear", changes.cleared),
            ("unlink", changes.links(linked=False)),
            ("link", changes.links(linked=True)),
            ("merge", ((*entity, into) for entity, into in changes.merged.items())),
        )
        for query, rows in steps:
            if columns := list(zip(*rows, strict=True)):
                await connection.execute(self._sql[query], *columns)

    async def _fetch(self, query: str, *arguments: object) -> Sequence[Any]:
        with outages_named():
            rows: Sequence[Any] = await self._pool.fetch(self._sql[query], *arguments)
            return rows
