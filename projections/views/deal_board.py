"""Which deals are there now, in which stage, since when, of what, and with whom?"""

from typing import Final

import msgspec
from msgspec.structs import asdict

from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from projections.changes import Change, Put, Row
from projections.documents.deal import Deal, DealContact
from projections.documents.document import Document
from projections.parts import part_changes

NAME: Final = "deal_board"
VERSION: Final = 1
TABLES: Final = ("deal_board", "deal_contacts")
READS: Final = (Deal,)

_encode = msgspec.json.Encoder().encode


def apply(recorded: Recorded[Event], before: Document | None, after: Document) -> tuple[Change, ...]:
    """The deal's row as it is now, and the contacts that came, changed or left."""
    if not isinstance(after, Deal):
        return ()
    tenant = recorded.meta.tenant
    row = {"tenant": tenant, **asdict(after)}
    del row["stays"], row["contacts"]
    row["line_items"] = _encode(after.line_items).decode()
    known = before.contacts if isinstance(before, Deal) else ()

    def contact(link: DealContact) -> Row:
        return {"tenant": tenant, "deal_id": after.id, **asdict(link)}

    contacts = part_changes("deal_contacts", ("tenant", "deal_id", "contact_id"), known, after.contacts, contact)
    return (Put("deal_board", (tenant, after.id), row), *contacts)
