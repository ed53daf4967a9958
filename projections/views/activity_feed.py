"""What happened lately to what concerns a user or an account? Ordered sets of the newest events, ready to be shown."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from projections.changes import OrderedPut, VersionedChange
from projections.documents.document import Document
from projections.documents.registry import KIND_NAMES
from projections.feeds import SHOWN, feeds_of

NAME: Final = "activity_feed"
VERSION: Final = 1
TABLES: Final = ("feed",)
READS: Final = SHOWN

_encode = msgspec.json.Encoder().encode


class Line(msgspec.Struct, frozen=True, gc=False):
    """A member of a feed: all that a reader wants to know, so that reading takes one round trip."""

    position: int
    type: str
    occurred_at: datetime
    actor: str
    kind: str
    id: UUID
    name: str | None
    """As it was just after the event; None where another stream says it."""
    data: Event


def apply(recorded: Recorded[Event], before: Document | None, after: Document) -> tuple[VersionedChange, ...]:
    """One line, in every feed that the event concerns."""
    meta = recorded.meta
    line = Line(
        position=recorded.position,
        type=meta.type,
        occurred_at=meta.occurred_at,
        actor=meta.actor,
        kind=KIND_NAMES[type(after)],
        id=recorded.entity_id,
        name=getattr(after, "name", None),
        data=recorded.event,
    )
    body = _encode(line)
    feeds = feeds_of(recorded, before, after)
    return tuple(OrderedPut("feed", (meta.tenant, feed), recorded.position, body) for feed in feeds)
