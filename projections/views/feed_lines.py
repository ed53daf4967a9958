"""Which events concern a user or an account? All of them, as references: what a short or lost feed is refilled from."""

from typing import Final

from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from projections.changes import Change, Put, Row
from projections.documents.document import Document
from projections.documents.registry import KIND_NAMES
from projections.feeds import SHOWN, feeds_of

NAME: Final = "feed_lines"
VERSION: Final = 1
TABLES: Final = ("feed_lines",)
READS: Final = SHOWN


def apply(recorded: Recorded[Event], before: Document | None, after: Document) -> tuple[Change, ...]:
    """One reference in every feed that the event concerns; timeline and states hold what it refers to."""
    return tuple(_line(recorded, after, feed) for feed in feeds_of(recorded, before, after))


def _line(recorded: Recorded[Event], after: Document, feed: str) -> Put:
    tenant = recorded.meta.tenant
    row: Row = {
        "tenant": tenant,
        "feed": feed,
        "position": recorded.position,
        "kind": KIND_NAMES[type(after)],
        "entity_id": recorded.entity_id,
        "version": after.version,
    }
    return Put("feed_lines", (tenant, feed, recorded.position), row)
