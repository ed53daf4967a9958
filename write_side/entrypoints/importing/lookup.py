"""Which entities are there already, before rows are sent that may begin them."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from event_schemas.codec import decode_metadata
from event_schemas.streams import command_id, stream_name
from write_side.entrypoints.importing.rows import Plan
from write_side.entrypoints.importing.sending import UNDO, Target, batch_key


def key_of(plan: Plan, number: int) -> str:
    """The key, within the batch, of a command of a row."""
    return f"{plan.row.number}/{number}"


class Lookup:
    """Asks the log about the entities of rows."""

    def __init__(self, target: Target, kind: str) -> None:
        self._target = target
        self._kind = kind

    async def begun_by(self, plans: Iterable[Plan]) -> dict[UUID, UUID]:
        """Entities that exist, and the command that each began with."""
        streams = {stream_name(self._kind, self._target.tenant, plan.entity): plan.entity for plan in plans}
        if not streams:
            return {}
        found = await self._target.log.load_many(dict.fromkeys(streams, 0))
        return {entity: found[stream][0].command_id for stream, entity in streams.items() if found[stream]}

    async def was_undone(self, plan: Plan) -> bool:
        """Whether it was an undo, and nobody else, who archived the entity last."""
        events = await self._target.log.load(stream_name(self._kind, self._target.tenant, plan.entity))
        archived = next((one for one in reversed(events) if one.type == f"{self._kind}.archived"), None)
        return archived is not None and decode_metadata(archived).source == UNDO

    def is_there(self, plan: Plan, begun: Mapping[UUID, UUID]) -> bool:
        """Whether the entity exists, and not because an earlier run began it with this very row."""
        if (first := begun.get(plan.entity)) is None:
            return False
        key = batch_key(self._target, key_of(plan, 0))
        return first != command_id(self._target.tenant, self._kind, plan.entity, key)
