"""What can be found by its words, and what is there to be shown of it? For the search in Elasticsearch.

A change holds all of an entity, the folded document too: what is found and what the next event goes on from are one
entry of the store, and never apart.
"""

from typing import Final

import msgspec

from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from event_schemas.streams import TenantId
from projections.changes import Row, VersionedChange, VersionedPut
from projections.documents.account import Account
from projections.documents.deal import Deal
from projections.documents.document import Document
from projections.documents.product import Product
from projections.documents.registry import KIND_NAMES
from projections.searchable import SEARCHED, Entry, columns, entry_of, near_words

NAME: Final = "search_documents"
VERSION: Final = 1
TABLES: Final = ("search",)
READS: Final = SEARCHED

_encode = msgspec.json.Encoder().encode


def apply(recorded: Recorded[Event], before: Document | None, after: Document) -> tuple[VersionedChange, ...]:
    """The entity's entry; where it was born is said by its first event alone, and stays."""
    if not isinstance(after, READS):
        return ()
    tenant = recorded.meta.tenant
    entry = entry_of(after)
    tags: Row = {"tenant": tenant, "kind": KIND_NAMES[type(after)], "id": after.id}
    born: Row = {"born": after.position} if before is None else {}
    body = tags | born | found_by(tenant, entry) | _amount(after)
    body |= {"version": after.version, "position": after.position, "document": _encode(after).decode()}
    return (VersionedPut("search", (tenant, tags["kind"], after.id), recorded.meta.stream_version, body),)


def found_by(tenant: TenantId, entry: Entry) -> Row:
    """What it is found by.

    Fuzzy queries look at so many words and no more: with the tenant before each, at no other tenant's.
    """
    meant = " ".join(f"{tenant}/{word}" for word in sorted(near_words(entry)))
    return columns(entry) | {"meant": meant}


def _amount(document: Document) -> Row:
    """In minor units, of what has one."""
    match document:
        case Deal(amount_minor=minor, currency=currency) | Product(price_minor=minor, currency=currency):
            return {"amount": minor, "currency": currency}
        case Account(revenue_minor=revenue, revenue_currency=known):
            return {"amount": revenue, "currency": known}
        case _:
            return {"amount": None, "currency": None}
