"""Which activities are there now, what is still to be done by when, and what are they about?"""

from typing import Final

from msgspec.structs import asdict

from event_schemas.activity import Related
from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from projections.changes import Change, Put, Row
from projections.documents.activity import Activity
from projections.documents.document import Document
from projections.parts import part_changes

NAME: Final = "activity_list"
VERSION: Final = 1
TABLES: Final = ("activity_list", "activity_related")
READS: Final = (Activity,)

_RELATED = ("tenant", "activity_id", "kind", "entity_id")


def apply(recorded: Recorded[Event], before: Document | None, after: Document) -> tuple[Change, ...]:
    """The activity's row as it is now, and at its beginning what it is about."""
    if not isinstance(after, Activity):
        return ()
    tenant = recorded.meta.tenant
    row = {"tenant": tenant, **asdict(after)}
    del row["related"]
    known = before.related if isinstance(before, Activity) else ()

    def related(to: Related) -> Row:
        return {"tenant": tenant, "activity_id": after.id, "kind": to.kind, "entity_id": to.id}

    about = part_changes("activity_related", _RELATED, known, after.related, related)
    return (Put("activity_list", (tenant, after.id), row), *about)
