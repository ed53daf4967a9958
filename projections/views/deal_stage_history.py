"""Which stages was a deal in, from when to when?"""

from typing import Final

from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from projections.changes import Change, Patch, Put, Row
from projections.documents.deal import Deal
from projections.documents.document import Document

NAME: Final = "deal_stage_history"
VERSION: Final = 1
TABLES: Final = ("deal_stage_history",)
READS: Final = (Deal,)


def apply(recorded: Recorded[Event], before: Document | None, after: Document) -> tuple[Change, ...]:
    """A new stay, and the end of the one before."""
    if not isinstance(after, Deal):
        return ()
    if not isinstance(before, Deal):
        return (_stay(recorded, after),)
    if before.stays == after.stays:
        return ()
    key = (recorded.meta.tenant, after.id, before.stays)
    return (Patch("deal_stage_history", key, {"left_at": after.stage_entered_at}), _stay(recorded, after))


def _stay(recorded: Recorded[Event], deal: Deal) -> Put:
    tenant = recorded.meta.tenant
    row: Row = {
        "tenant": tenant,
        "deal_id": deal.id,
        "entry": deal.stays,
        "stage_id": deal.stage_id,
        "entered_at": deal.stage_entered_at,
        "left_at": None,
    }
    return Put("deal_stage_history", (tenant, deal.id, deal.stays), row)
