"""Which deals are there now, in which stage, and since when?"""

from typing import Final

from msgspec.structs import asdict

from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from projections.changes import Change, Put
from projections.documents.deal import Deal
from projections.documents.document import Document

NAME: Final = "deal_board"
VERSION: Final = 1
TABLES: Final = ("deal_board",)
READS: Final = (Deal,)


def apply(recorded: Recorded[Event], before: Document | None, after: Document) -> tuple[Change, ...]:
    """The deal's row as it is now."""
    if not isinstance(after, Deal):
        return ()
    tenant = recorded.meta.tenant
    row = {"tenant": tenant, **asdict(after)}
    del row["stays"]
    return (Put("deal_board", (tenant, after.id), row),)
