"""How many deals, leads and activities stand how, now? Sets of ids, of a tenant and of each owner; sizes count."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from projections.changes import Membership, VersionedChange
from projections.documents.activity import Activity, ActivityStatus
from projections.documents.deal import Deal
from projections.documents.document import Document
from projections.documents.lead import Lead, LeadStatus

NAME: Final = "live_counters"
VERSION: Final = 1
TABLES: Final = ("counter",)
READS: Final = (Deal, Lead, Activity)

_LEADS: Final = {LeadStatus.NEW: "new_leads", LeadStatus.QUALIFIED: "qualified_leads"}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_NEVER: Final = 2**53
"""A rank after every other that a store can tell apart."""


def apply(recorded: Recorded[Event], before: Document | None, after: Document) -> tuple[VersionedChange, ...]:
    """The sets that the entity is in now, when they are others than before."""
    sets = _sets(after)
    if sets == _sets(before):
        return ()
    meta = recorded.meta
    return (Membership("counter", (meta.tenant, recorded.entity_id), meta.stream_version, sets),)


def _sets(document: Document | None) -> dict[str, int]:
    """Names of sets, ``all:<what>`` and ``<owner>:<what>``, with the rank of the entity in them."""
    if not isinstance(document, READS):
        return {}
    owners: list[UUID | str] = ["all"] if document.owner_id is None else ["all", document.owner_id]
    return {f"{owner}:{what}": rank for what, rank in _standing(document) for owner in owners}


def _standing(document: Deal | Lead | Activity) -> Iterator[tuple[str, int]]:
    match document:
        case Deal(status=status):
            yield f"{status}_deals", 0
        case Lead(status=lead, archived=False) if lead in _LEADS:
            yield _LEADS[lead], 0
        case Activity(status=ActivityStatus.OPEN, due_at=due):
            # ranked by when they are due, so that those overdue at any moment are a range
            yield "open_activities", _NEVER if due is None else (due - _EPOCH) // _MICROSECOND
