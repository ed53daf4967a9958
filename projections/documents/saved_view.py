"""A list that a user keeps for later, as readers see it."""

from datetime import datetime
from uuid import UUID

from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from event_schemas.saved_view import ListedKind, ViewChanged, ViewDeleted, ViewSaved
from projections.documents.document import Document, advance, given, unchanged


class SavedView(Document, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The columns of saved_view_list, and whether it is still there."""

    id: UUID
    kind: ListedKind
    name: str
    filter: str
    sort: str | None = None
    shared: bool
    owner: str
    """As the token names them."""
    created_at: datetime
    deleted: bool = False


def fold(document: SavedView | None, recorded: Recorded[Event]) -> SavedView | None:
    """The saved view after one more event; raises Unfoldable."""
    event = recorded.event
    if document is None:
        return _saved(event, recorded) if isinstance(event, ViewSaved) else unchanged(document, recorded)
    match event:
        case ViewChanged():
            return advance(document, recorded, **given(event))
        case ViewDeleted():
            return advance(document, recorded, deleted=True)
        case _:
            return unchanged(document, recorded)


def _saved(event: ViewSaved, recorded: Recorded[Event]) -> SavedView:
    return SavedView(
        id=recorded.entity_id,
        kind=event.kind,
        name=event.name,
        filter=event.filter,
        sort=event.sort,
        shared=event.shared,
        owner=event.owner_id,
        created_at=recorded.meta.occurred_at,
        version=1,
        position=recorded.position,
    )
