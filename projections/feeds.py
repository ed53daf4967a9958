"""In whose feeds an event appears. Pure, and shared by the views that write feeds, so that they all say the same."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from projections.documents.account import Account
from projections.documents.account_parent import AccountParent
from projections.documents.document import Document
from projections.documents.registry import KINDS
from projections.documents.user import User

PRIVATE = frozenset({"saved_view"})
"""Kinds that appear in no feed: what a user keeps for themselves is nobody's news."""
SHOWN: tuple[type[Document], ...] = tuple(kind.document for kind in KINDS.values() if kind.name not in PRIVATE)


def feeds_of(recorded: Recorded[Event], before: Document | None, after: Document) -> list[str]:
    """The feeds of one event: ``user:<id>`` of its actor and of the owner, ``account:<id>`` of the accounts named.

    Who owned the entity before, or was named before, is told too: they learn that it is theirs no more. A team's feed
    is what its members' feeds hold when it is asked for, so nothing is written for teams.
    """
    found = {f"user:{recorded.meta.actor}"}
    for document in (before, after):
        if document is not None:
            found |= {f"user:{user}" for user in _users(document)}
            found |= {f"account:{account}" for account in _accounts(document)}
    return sorted(found)


def _users(document: Any) -> Iterator[UUID]:
    if isinstance(document, User):
        yield document.id
    if (owner := getattr(document, "owner_id", None)) is not None:
        yield owner


def _accounts(document: Any) -> Iterator[UUID]:
    """Fields are called the same in the documents of all kinds."""
    if isinstance(document, Account):
        yield document.id
    if isinstance(document, AccountParent) and document.parent_id is not None:
        yield document.parent_id
    if (account := getattr(document, "account_id", None)) is not None:
        yield account
    yield from (link.account_id for link in getattr(document, "accounts", ()))
    yield from (each.id for each in getattr(document, "related", ()) if each.kind == "account")
