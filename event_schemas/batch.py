"""Events of an import batch: one file, read once."""

from typing import Annotated

import msgspec

from event_schemas.registry import Event, event
from event_schemas.values import Name

Count = Annotated[int, msgspec.Meta(ge=0)]


@event("batch.started")
class BatchStarted(Event, frozen=True, kw_only=True):
    """An import began; its rows' commands follow."""

    name: Name


@event("batch.finished")
class BatchFinished(Event, frozen=True, kw_only=True):
    """Every row of the import was answered: accepted, or rejected with its reason."""

    rows: Count
    rejected: Count
