"""What is this id, in one line? Kept where the answer costs no query; an entity's own stream writes its card."""

from typing import Final

from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from projections.changes import Row, VersionedChange, VersionedPut
from projections.documents.account import Account
from projections.documents.activity import Activity
from projections.documents.contact import Contact
from projections.documents.deal import Deal
from projections.documents.document import Document
from projections.documents.lead import Lead
from projections.documents.pipeline import Pipeline
from projections.documents.product import Product
from projections.documents.registry import KIND_NAMES
from projections.documents.team import Team
from projections.documents.user import User

NAME: Final = "entity_card"
VERSION: Final = 1
TABLES: Final = ("card",)
READS: Final = (Lead, Contact, Activity, Deal, Account, Pipeline, Product, Team, User)


def apply(recorded: Recorded[Event], before: Document | None, after: Document) -> tuple[VersionedChange, ...]:
    """The entity's card as of its stream's newest event that readers see."""
    if not isinstance(after, READS):
        return ()
    body: Row = {
        "id": after.id,
        "kind": KIND_NAMES[type(after)],
        "name": after.name,
        "version": after.version,
        "position": after.position,
    }
    return (VersionedPut("card", (recorded.meta.tenant, after.id), recorded.meta.stream_version, body),)
