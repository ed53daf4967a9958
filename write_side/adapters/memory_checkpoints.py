"""Checkpoints and links of process managers in memory, for a log in memory."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from event_schemas.streams import START, Position, TenantId
from write_side.application.process_managers.links import NO_CHANGES, Link, LinkChanges, MergedEntity, Relation
from write_side.application.process_managers.ports import CheckpointMoved


class MemoryCheckpoints:
    """``Checkpoints`` and ``Links``, gone with this object."""

    def __init__(self) -> None:
        self._positions: dict[str, Position] = {}
        self._links: dict[Link, None] = {}
        self._merged: dict[MergedEntity, UUID] = {}

    async def position(self, process: str) -> Position:
        return self._positions.get(process, START)

    async def advance(self, process: str, *, after: Position, to: Position, changes: LinkChanges = NO_CHANGES) -> None:
        if await self.position(process) != after:
            raise CheckpointMoved(f"another runner of the process {process} has moved on from {after}")
        self._positions[process] = to
        gone = set(changes.links(linked=False))
        kept = (one for one in self._links if one[:3] not in changes.cleared and one not in gone)
        self._links = dict.fromkeys([*kept, *changes.links(linked=True)])
        self._merged = {**changes.merged, **self._merged}

    async def referring(self, tenant: TenantId, relation: Relation, to: UUID) -> Sequence[UUID]:
        return [one.from_id for one in self._links if (one.tenant, one.relation, one.to_id) == (tenant, relation, to)]

    async def targets(self, tenant: TenantId, relation: Relation, of: UUID) -> Collection[UUID]:
        return [one.to_id for one in self._links if (one.tenant, one.relation, one.from_id) == (tenant, relation, of)]

    async def merged(self) -> Mapping[MergedEntity, UUID]:
        return dict(self._merged)
