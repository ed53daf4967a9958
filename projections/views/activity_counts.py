"""How many activities of a kind did a user do on a day?"""

from datetime import UTC
from typing import Final
from uuid import UUID

from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from projections.changes import Change, Increment
from projections.documents.activity import Activity, ActivityStatus
from projections.documents.document import Document

NAME: Final = "activity_counts"
VERSION: Final = 1
TABLES: Final = ("activity_counts",)
READS: Final = (Activity,)

NOBODY: Final = UUID(int=0)


def apply(recorded: Recorded[Event], before: Document | None, after: Document) -> tuple[Change, ...]:
    """One more when it is done: for its owner of then, on the day (UTC) on which it was."""
    if not isinstance(after, Activity) or after.status is not ActivityStatus.DONE:
        return ()
    if isinstance(before, Activity) and before.status is ActivityStatus.DONE:
        return ()
    day = recorded.meta.occurred_at.astimezone(UTC).date()
    key = (recorded.meta.tenant, after.owner_id or NOBODY, after.kind, day)
    return (Increment("activity_counts", key, {"done": 1}),)
