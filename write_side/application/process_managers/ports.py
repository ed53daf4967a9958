"""Where processes keep how far they have come, and what they must remember of the log."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from event_schemas.streams import Position, TenantId
from write_side.application.process_managers.links import NO_CHANGES, LinkChanges, MergedEntity, Relation


class CheckpointMoved(Exception):
    """Another runner of the same process was quicker; go on from where it is."""


class Checkpoints(Protocol):
    """How far each process has come, written once the effects of its events are done.

    Every method raises EventLogUnavailable while the store cannot be reached.
    """

    async def position(self, process: str) -> Position:
        """The last position whose effects are done; START for a process that never ran."""
        ...

    async def advance(self, process: str, *, after: Position, to: Position, changes: LinkChanges = NO_CHANGES) -> None:
        """Move a checkpoint that is at ``after``, and remember the changes, or neither; raises CheckpointMoved."""
        ...


class Links(Protocol):
    """Which entities refer to which, as the events up to the checkpoint say."""

    async def referring(self, tenant: TenantId, relation: Relation, to: UUID) -> Sequence[UUID]:
        """The entities that refer to one, by their ids."""
        ...

    async def targets(self, tenant: TenantId, relation: Relation, of: UUID) -> Collection[UUID]:
        """The entities that one refers to."""
        ...

    async def merged(self) -> Mapping[MergedEntity, UUID]:
        """Every entity that was merged, with the one that it was merged into."""
        ...
