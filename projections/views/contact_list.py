"""Which contacts are there now, where do they work, how do they stand to each other, and what do they allow?"""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec.structs import asdict

from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from projections.changes import Change, Put, Row
from projections.documents.contact import Contact
from projections.documents.document import Document
from projections.parts import part_changes

NAME: Final = "contact_list"
VERSION: Final = 1
TABLES: Final = ("contact_list", "contact_accounts", "contact_relations", "contact_consents")
READS: Final = (Contact,)

_CONTACT = ("tenant", "contact_id")
_ACCOUNT = (*_CONTACT, "account_id")
_RELATION = (*_CONTACT, "other_id", "relation")
_CONSENT = (*_CONTACT, "channel", "purpose")
_encode = msgspec.json.Encoder().encode


def apply(recorded: Recorded[Event], before: Document | None, after: Document) -> tuple[Change, ...]:
    """The contact's row as it is now, and what came, changed or went beside it."""
    if not isinstance(after, Contact):
        return ()
    tenant = recorded.meta.tenant
    known = before if isinstance(before, Contact) else None
    part = _part_of(tenant, after)
    return (
        Put("contact_list", (tenant, after.id), _row(tenant, after)),
        *part_changes("contact_accounts", _ACCOUNT, known.accounts if known else (), after.accounts, part),
        *part_changes("contact_relations", _RELATION, known.relations if known else (), after.relations, part),
        *part_changes("contact_consents", _CONSENT, known.consents if known else (), after.consents, part),
    )


def _row(tenant: str, contact: Contact) -> Row:
    row = {"tenant": tenant, **asdict(contact)}
    del row["accounts"], row["relations"], row["consents"]
    row["attributes"] = _encode(contact.attributes).decode()
    return row


def _part_of(tenant: str, contact: Contact) -> Callable[[Any], Row]:
    return lambda part: {"tenant": tenant, "contact_id": contact.id, **asdict(part)}
