"""What was known of an entity at any position of the log, and at any moment of either clock?"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec

from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from projections.changes import FOREVER, LAST_POSITION, Change, Patch, Put, Row
from projections.documents.account import Account
from projections.documents.account_parent import AccountParent
from projections.documents.activity import Activity
from projections.documents.contact import Contact
from projections.documents.deal import Deal
from projections.documents.document import Document
from projections.documents.lead import Lead
from projections.documents.pipeline import Pipeline
from projections.documents.product import Product
from projections.documents.registry import KIND_NAMES
from projections.documents.saved_view import SavedView
from projections.documents.team import Team
from projections.documents.user import User

NAME: Final = "entity_states"
VERSION: Final = 1
TABLES: Final = ("entity_states", "entity_links")
READS: Final = (Lead, Contact, Activity, Deal, Account, AccountParent, Pipeline, Product, Team, User, SavedView)

_encode = msgspec.json.Encoder().encode


class Sorts(NamedTuple):
    """What lists of a kind are sorted by, beside the document, so that an index finds it."""

    name: str | None
    at: datetime
    amount: int | None = None
    day: date | None = None


_SORTS: Mapping[type[Document], Callable[[Any], Sorts]] = {
    Lead: lambda lead: Sorts(lead.name, lead.captured_at, lead.score),
    Contact: lambda contact: Sorts(contact.name, contact.created_at),
    Activity: lambda activity: Sorts(activity.name, activity.created_at),
    Deal: lambda deal: Sorts(deal.name, deal.opened_at, deal.amount_minor, deal.expected_close),
    Account: lambda account: Sorts(account.name, account.opened_at, account.revenue_minor),
    AccountParent: lambda parent: Sorts(None, parent.since),
    Pipeline: lambda pipeline: Sorts(pipeline.name, pipeline.defined_at),
    Product: lambda product: Sorts(product.name, product.listed_at, product.price_minor),
    Team: lambda team: Sorts(team.name, team.created_at),
    User: lambda user: Sorts(user.name, user.created_at),
    SavedView: lambda view: Sorts(view.name, view.created_at),
}

_LINKS: Mapping[type[Document], Callable[[Any], Iterable[UUID]]] = {
    Contact: lambda contact: [one.account_id for one in contact.accounts] + [one.other_id for one in contact.relations],
    Activity: lambda activity: [one.id for one in activity.related],
    Deal: lambda deal: [one.contact_id for one in deal.contacts],
}
"""What a document points at, where that can be many."""


def apply(recorded: Recorded[Event], before: Document | None, after: Document) -> tuple[Change, ...]:
    """One more state, and the end of the one before. States are numbered as the versions of their document."""
    state = _state(recorded, after)
    links = _links(state, after)
    if before is None:
        return (state, *links)
    key = (*state.key[:3], before.version)
    ended: Row = {"position_to": recorded.position, "occurred_to": recorded.meta.occurred_at}
    return (Patch("entity_states", key, ended), state, *links)


def _state(recorded: Recorded[Event], document: Document) -> Put:
    meta = recorded.meta
    kind = KIND_NAMES[type(document)]
    sorts = _SORTS[type(document)](document)
    row: Row = {
        "tenant": meta.tenant,
        "kind": kind,
        "id": recorded.entity_id,
        "version": document.version,
        "position_from": recorded.position,
        "position_to": LAST_POSITION,
        "recorded_at": meta.recorded_at,
        "occurred_from": meta.occurred_at,
        "occurred_to": FOREVER,
        "doc": _encode(document).decode(),
        "sort_name": sorts.name,
        "sort_amount": sorts.amount,
        "sort_at": sorts.at,
        "sort_date": sorts.day,
    }
    return Put("entity_states", (meta.tenant, kind, recorded.entity_id, document.version), row)


def _links(state: Put, document: Document) -> Iterable[Put]:
    """A row for each entity that the state points at."""
    if (links := _LINKS.get(type(document))) is None:
        return
    for link in dict.fromkeys(links(document)):
        row: Row = {name: state.row[name] for name in ("tenant", "kind", "id", "version")}
        yield Put("entity_links", (*state.key, link), row | {"link_id": link})
