"""How far the Postgres views are, and what they could not apply."""

from collections.abc import Collection, Mapping, Sequence
from importlib.resources import files
from typing import Any

import asyncpg

from event_schemas.streams import Position, StreamName, TenantId
from event_schemas.topics import Lane
from read_api.card_store import CardsProgress
from read_api.database import Database

GROUP = "postgres"
SEARCH = "search"
"""Of what Elasticsearch searches."""
CARDS = "cards"
WATERMARKS = "select lane, position from group_watermarks($1)"
POSITION = "select view_position($1)"
LANES = files("read_api.queries").joinpath("lanes.sql").read_text()
PARKED = files("read_api.queries").joinpath("parked.sql").read_text()


class ViewProgress:
    """Asks PostgreSQL; ``pool`` is of the API's role, bound to no tenant."""

    def __init__(self, pool: "asyncpg.Pool[Any]", database: Database) -> None:
        self._pool = pool
        self._database = database

    async def position(self, *, group: str = GROUP) -> Position:
        """The position that all views of a group have reached."""
        return Position(await self._pool.fetchval(POSITION, group))

    async def lanes(self, lanes: Collection[Lane], *, group: str = GROUP) -> Mapping[Lane, Position]:
        """The position that the views of a group have reached in each lane, in one round trip."""
        topics, partitions = [lane.topic for lane in lanes], [lane.partition for lane in lanes]
        rows = await self._pool.fetch(LANES, group, topics, partitions)
        return {Lane(row["topic"], row["partition"]): Position(row["position"]) for row in rows}

    async def cards(self) -> CardsProgress:
        """The watermarks of the group that Redis holds."""
        rows = await self._pool.fetch(WATERMARKS, CARDS)
        return CardsProgress(await self.position(group=CARDS), {row["lane"]: row["position"] for row in rows})

    async def parked(
        self, tenant: TenantId, streams: Sequence[StreamName], until: Position, *, group: str = GROUP
    ) -> Sequence[str]:
        """Why events of these streams up to a position are parked; nothing when none is."""
        async with self._database.transaction(tenant) as transaction:
            rows = await transaction.fetch(PARKED, list(streams), until, group)
        return [f"{row['type']} at position {row['position']}: {row['error']}" for row in rows]
