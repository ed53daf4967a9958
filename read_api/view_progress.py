"""How far the Postgres views are, and what they could not apply."""

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import asyncpg

from event_schemas.streams import Position, StreamName, TenantId
from read_api.database import Database

POSITION = "select view_position('postgres')"
PARKED = files("read_api.queries").joinpath("parked.sql").read_text()


class ViewProgress:
    """Asks PostgreSQL; ``pool`` is of the API's role, bound to no tenant."""

    def __init__(self, pool: "asyncpg.Pool[Any]", database: Database) -> None:
        self._pool = pool
        self._database = database

    async def position(self) -> Position:
        """The position that all Postgres views have reached."""
        return Position(await self._pool.fetchval(POSITION))

    async def parked(self, tenant: TenantId, streams: Sequence[StreamName], until: Position) -> Sequence[str]:
        """Why events of these streams up to a position are parked; nothing when none is."""
        async with self._database.transaction(tenant) as transaction:
            rows = await transaction.fetch(PARKED, list(streams), until)
        return [f"{row['type']} at position {row['position']}: {row['error']}" for row in rows]
