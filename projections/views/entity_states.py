"""What was known of an entity at any position of the log, and at any moment of either clock?"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import msgspec

from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from projections.changes import FOREVER, LAST_POSITION, Change, Patch, Put, Row
from projections.documents.account import Account
from projections.documents.account_parent import AccountParent
from projections.documents.deal import Deal
from projections.documents.document import Document
from projections.documents.pipeline import Pipeline
from projections.documents.product import Product
from projections.documents.registry import KIND_NAMES
from projections.documents.team import Team
from projections.documents.user import User

NAME: Final = "entity_states"
VERSION: Final = 1
TABLES: Final = ("entity_states",)
READS: Final = (Deal, Account, AccountParent, Pipeline, Product, Team, User)

_encode = msgspec.json.Encoder().encode


class Sorts(NamedTuple):
    """What lists of a kind are sorted by, beside the document, so that an index finds it."""

    name: str | None
    at: datetime
    amount: int | None = None
    day: date | None = None


_SORTS: Mapping[type[Document], Callable[[Any], Sorts]] = {
    Deal: lambda deal: Sorts(deal.name, deal.opened_at, deal.amount_minor, deal.expected_close),
    Account: lambda account: Sorts(account.name, account.opened_at, account.revenue_minor),
    AccountParent: lambda parent: Sorts(None, parent.since),
    Pipeline: lambda pipeline: Sorts(pipeline.name, pipeline.defined_at),
    Product: lambda product: Sorts(product.name, product.listed_at, product.price_minor),
    Team: lambda team: Sorts(team.name, team.created_at),
    User: lambda user: Sorts(user.name, user.created_at),
}


def apply(recorded: Recorded[Event], before: Document | None, after: Document) -> tuple[Change, ...]:
    """One more state, and the end of the one before. States are numbered as the versions of their document."""
    state = _state(recorded, after)
    if before is None:
        return (state,)
    key = (*state.key[:3], before.version)
    ended: Row = {"position_to": recorded.position, "occurred_to": recorded.meta.occurred_at}
    return (Patch("entity_states", key, ended), state)


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
