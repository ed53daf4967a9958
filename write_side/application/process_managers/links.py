"""What the merging process remembers: which deal, contact or subsidiary refers to which account or contact."""

from collections import defaultdict
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from event_schemas.account import AccountMerged, AccountParentSet
from event_schemas.contact import ContactAccountLinked, ContactAccountUnlinked, ContactMerged, ContactRelated
from event_schemas.deal import DealAccountChanged, DealContactLinked, DealContactUnlinked, DealOpened
from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from event_schemas.streams import TenantId


class Relation(StrEnum):
    """Who refers to whom."""

    DEAL_ACCOUNT = "deal_account"
    CONTACT_ACCOUNT = "contact_account"
    ACCOUNT_PARENT = "account_parent"
    DEAL_CONTACT = "deal_contact"
    CONTACT_CONTACT = "contact_contact"
    """As soon as a contact is related to another; not all that end are noticed, since there may be several."""


class MergedEntity(NamedTuple):
    """An account or contact that goes on as another."""

    tenant: TenantId
    kind: str
    id: UUID


class Referrer(NamedTuple):
    """One side of a relation."""

    tenant: TenantId
    relation: Relation
    id: UUID


class Link(NamedTuple):
    """A relation as it is stored."""

    tenant: TenantId
    relation: Relation
    from_id: UUID
    to_id: UUID


class LinkChanges:
    """What several events change about the links, folded: to be stored as removals first, then additions."""

    def __init__(self) -> None:
        self.cleared: set[Referrer] = set()
        """Those whose earlier links are all over."""
        self.merged: dict[MergedEntity, UUID] = {}
        self._links: defaultdict[Referrer, dict[UUID, bool]] = defaultdict(dict)

    def assign(self, referrer: Referrer, to: UUID | None) -> None:
        """It refers to this one now, or to none."""
        self.cleared.add(referrer)
        self._links[referrer] = {} if to is None else {to: True}

    def set(self, referrer: Referrer, to: UUID, *, linked: bool) -> None:
        """It refers to this one too, or no more."""
        self._links[referrer][to] = linked

    def links(self, *, linked: bool) -> list[Link]:
        """Those that are to be there, or gone."""
        return [
            Link(*referrer, to)
            for referrer, targets in self._links.items()
            for to, is_linked in targets.items()
            if is_linked == linked
        ]


NO_CHANGES = LinkChanges()


def note(changes: LinkChanges, recorded: Recorded[Event]) -> None:
    """Add what one event says."""
    tenant, entity = recorded.meta.tenant, recorded.entity_id
    match recorded.event:
        case DealOpened(account_id=account) | DealAccountChanged(account_id=account):
            changes.assign(Referrer(tenant, Relation.DEAL_ACCOUNT, entity), account)
        case AccountParentSet(parent_id=parent):
            changes.assign(Referrer(tenant, Relation.ACCOUNT_PARENT, entity), parent)
        case ContactAccountLinked(account_id=account):
            changes.set(Referrer(tenant, Relation.CONTACT_ACCOUNT, entity), account, linked=True)
        case ContactAccountUnlinked(account_id=account):
            changes.set(Referrer(tenant, Relation.CONTACT_ACCOUNT, entity), account, linked=False)
        case DealContactLinked(contact_id=contact):
            changes.set(Referrer(tenant, Relation.DEAL_CONTACT, entity), contact, linked=True)
        case DealContactUnlinked(contact_id=contact):
            changes.set(Referrer(tenant, Relation.DEAL_CONTACT, entity), contact, linked=False)
        case ContactRelated(other_id=other):
            changes.set(Referrer(tenant, Relation.CONTACT_CONTACT, entity), other, linked=True)
        case AccountMerged(into_id=into):
            changes.merged[MergedEntity(tenant, "account", entity)] = into
        case ContactMerged(into_id=into):
            changes.merged[MergedEntity(tenant, "contact", entity)] = into
        case _:
            pass
