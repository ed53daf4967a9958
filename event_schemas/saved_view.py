"""Events of a saved view: a list of some kind with its filter and sort, under a name."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from event_schemas.registry import Event, event
from event_schemas.values import Name

Definition = Annotated[str, msgspec.Meta(max_length=10_000, pattern=r"^[^\x00\ud800-\udfff]*$")]
"""A filter as the API takes it, as JSON text."""


class ListedKind(StrEnum):
    """What can be listed."""

    LEAD = "lead"
    CONTACT = "contact"
    ACCOUNT = "account"
    DEAL = "deal"
    ACTIVITY = "activity"


@event("saved_view.saved")
class ViewSaved(Event, frozen=True, kw_only=True):
    """A user keeps a list for later."""

    kind: ListedKind
    name: Name
    filter: Definition
    sort: Name | None
    shared: bool
    """Everybody of the tenant sees it; otherwise its owner alone."""
    owner_id: Name
    """The user whose view it is, as the token names them."""


@event("saved_view.changed")
class ViewChanged(Event, frozen=True, kw_only=True):
    """Its name, filter, sort or audience changed; only what changed is in the event."""

    name: Name | UnsetType = UNSET
    filter: Definition | UnsetType = UNSET
    sort: Name | None | UnsetType = UNSET
    shared: bool | UnsetType = UNSET


@event("saved_view.deleted")
class ViewDeleted(Event, frozen=True, kw_only=True):
    """Nobody wants it any more."""
