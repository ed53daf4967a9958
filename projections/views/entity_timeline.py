"""What happened to an entity, in order?"""

from typing import Final

import msgspec

from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from projections.changes import Change, Put, Row
from projections.documents.account import Account
from projections.documents.account_parent import AccountParent
from projections.documents.activity import Activity
from projections.documents.contact import Contact
from projections.documents.deal import Deal
from projections.documents.document import Document
from projections.documents.lead import Lead
from projections.documents.pipeline import Pipeline
from projections.documents.product import Product
from projections.documents.team import Team
from projections.documents.user import User

NAME: Final = "entity_timeline"
VERSION: Final = 1
TABLES: Final = ("entity_timeline",)
READS: Final = (Lead, Contact, Activity, Deal, Account, AccountParent, Pipeline, Product, Team, User)

_encode = msgspec.json.Encoder().encode


def apply(recorded: Recorded[Event], before: Document | None, after: Document) -> tuple[Change, ...]:
    """One line for the entity that the event names."""
    meta = recorded.meta
    row: Row = {
        "tenant": meta.tenant,
        "entity_id": recorded.entity_id,
        "position": recorded.position,
        "stream": meta.stream,
        "stream_version": meta.stream_version,
        "type": meta.type,
        "occurred_at": meta.occurred_at,
        "recorded_at": meta.recorded_at,
        "actor": meta.actor,
        "data": _encode(recorded.event).decode(),
    }
    return (Put("entity_timeline", (meta.tenant, recorded.entity_id, recorded.position), row),)
