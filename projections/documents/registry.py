"""Which documents a stream holds, by the category in its name."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from event_schemas.streams import StreamName
from projections.documents import (
    account,
    account_parent,
    activity,
    contact,
    deal,
    lead,
    pipeline,
    product,
    saved_view,
    team,
    user,
)
from projections.documents.document import Document


class Kind(msgspec.Struct, frozen=True):
    """One kind of documents: its name, its class, and the fold that makes them."""

    name: str
    document: type[Document]
    fold: Callable[[Any, Recorded[Event]], Document | None]


LEAD = Kind("lead", lead.Lead, lead.fold)
CONTACT = Kind("contact", contact.Contact, contact.fold)
ACTIVITY = Kind("activity", activity.Activity, activity.fold)
SAVED_VIEW = Kind("saved_view", saved_view.SavedView, saved_view.fold)
DEAL = Kind("deal", deal.Deal, deal.fold)
ACCOUNT = Kind("account", account.Account, account.fold)
ACCOUNT_PARENT = Kind("account_parent", account_parent.AccountParent, account_parent.fold)
PIPELINE = Kind("pipeline", pipeline.Pipeline, pipeline.fold)
PRODUCT = Kind("product", product.Product, product.fold)
TEAM = Kind("team", team.Team, team.fold)
USER = Kind("user", user.User, user.fold)

KINDS: Mapping[str, Kind] = {
    "lead": LEAD,
    "contact": CONTACT,
    "activity": ACTIVITY,
    "saved_view": SAVED_VIEW,
    "deal": DEAL,
    "account": ACCOUNT,
    "account_hierarchy": ACCOUNT_PARENT,
    "pipeline": PIPELINE,
    "product": PRODUCT,
    "team": TEAM,
    "user": USER,
}
"""The category of a stream -> the kind of the documents that it holds."""

KIND_NAMES: Mapping[type[Document], str] = {kind.document: kind.name for kind in KINDS.values()}


def kind_of(stream: StreamName) -> Kind | None:
    """The kind of a stream's documents; None when no reader shows what the stream holds."""
    return KINDS.get(stream.partition("-")[0])
