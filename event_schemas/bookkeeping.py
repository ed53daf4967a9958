"""Events about commands rather than about entities."""

from uuid import UUID

from event_schemas.registry import Event, event


@event("command.accepted", entity_field="target_id", bookkeeping=True)
class CommandAccepted(Event, frozen=True, kw_only=True):
    """An acknowledged command with a key changed nothing; kept, so that its repeat cannot undo what came between."""

    target_id: UUID
