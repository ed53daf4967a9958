"""Which account an account is a subsidiary of. One document per account, all from the tenant's hierarchy stream."""

from datetime import datetime
from uuid import UUID

from event_schemas.account import AccountParentSet
from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from projections.documents.document import Document, advance, unchanged


class AccountParent(Document, frozen=True, kw_only=True, gc=False):
    """The columns of account_tree, and how often the parent was set."""

    account_id: UUID
    parent_id: UUID | None
    since: datetime


def fold(document: AccountParent | None, recorded: Recorded[Event]) -> AccountParent | None:
    """The account's parent after one more event; raises Unfoldable."""
    event = recorded.event
    if not isinstance(event, AccountParentSet):
        return unchanged(document, recorded)
    if document is not None:
        return advance(document, recorded, parent_id=event.parent_id, since=recorded.meta.occurred_at)
    return AccountParent(
        account_id=recorded.entity_id,
        parent_id=event.parent_id,
        since=recorded.meta.occurred_at,
        version=1,
        position=recorded.position,
    )
