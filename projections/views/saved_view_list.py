"""Which lists have users kept for later?"""

from typing import Final

from msgspec.structs import asdict

from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from projections.changes import Change, Delete, Put
from projections.documents.document import Document
from projections.documents.saved_view import SavedView

NAME: Final = "saved_view_list"
VERSION: Final = 1
TABLES: Final = ("saved_view_list",)
READS: Final = (SavedView,)


def apply(recorded: Recorded[Event], before: Document | None, after: Document) -> tuple[Change, ...]:
    """The saved view's row as it is now; none once it was deleted."""
    if not isinstance(after, SavedView):
        return ()
    tenant = recorded.meta.tenant
    if after.deleted:
        return (Delete("saved_view_list", (tenant, after.id)),)
    row = {"tenant": tenant, **asdict(after)}
    del row["deleted"]
    return (Put("saved_view_list", (tenant, after.id), row),)
