"""A contact as readers see it."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from event_schemas.contact import (
    Channel,
    ContactAbsorbed,
    ContactAccountLinked,
    ContactAccountUnlinked,
    ContactArchived,
    ContactConsentGiven,
    ContactConsentWithdrawn,
    ContactCreated,
    ContactDetailsChanged,
    ContactMerged,
    ContactOwnerAssigned,
    ContactRelated,
    ContactRestored,
    ContactUnrelated,
    Relation,
)
from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from projections.documents.document import Document, advance, unchanged, with_part
from projections.documents.person import NamedValue, changed, known, with_attributes


class ContactAccount(msgspec.Struct, frozen=True, gc=False):
    """An account that the person works for, or with."""

    account_id: UUID
    role: str | None
    since: datetime
    """When they were linked first; another role is the same link."""


class ContactRelation(msgspec.Struct, frozen=True, gc=False):
    """How the person stands to another contact."""

    other_id: UUID
    relation: Relation
    since: datetime


class Consent(msgspec.Struct, frozen=True, gc=False):
    """What the person last said to being reached by a channel for a purpose."""

    channel: Channel
    purpose: str
    given: bool
    evidence: str | None
    changed_at: datetime


class Contact(Document, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The columns of contact_list, and the rows of the tables beside it."""

    id: UUID
    name: str
    """The first that is known of person's name, e-mail, phone, external id; else nothing."""
    person_name: str | None = None
    job_title: str | None = None
    email: str | None = None
    email_normal: str | None = None
    phone: str | None = None
    phone_e164: str | None = None
    external_id: str | None = None
    attributes: tuple[NamedValue, ...] = ()
    owner_id: UUID | None = None
    lead_id: UUID | None = None
    archived: bool = False
    """A merged contact is archived too."""
    merged_into_id: UUID | None = None
    created_at: datetime
    accounts: tuple[ContactAccount, ...] = ()
    relations: tuple[ContactRelation, ...] = ()
    consents: tuple[Consent, ...] = ()


def fold(document: Contact | None, recorded: Recorded[Event]) -> Contact | None:
    """The contact after one more event; raises Unfoldable."""
    event = recorded.event
    if document is None:
        return _created(event, recorded) if isinstance(event, ContactCreated) else unchanged(document, recorded)
    if (fields := _fields(document, recorded)) is None:
        return unchanged(document, recorded)
    return advance(document, recorded, **fields)


def _created(event: ContactCreated, recorded: Recorded[Event]) -> Contact:
    contact = Contact(
        id=recorded.entity_id,
        name="",
        external_id=event.external_id,
        attributes=with_attributes((), event.attributes),
        owner_id=event.owner_id,
        lead_id=event.lead_id,
        created_at=recorded.meta.occurred_at,
        version=1,
        position=recorded.position,
        **known(event.person),
    )
    return msgspec.structs.replace(contact, name=_name(contact))


def _fields(document: Contact, recorded: Recorded[Event]) -> dict[str, Any] | None:
    """What the event changes; None when it cannot follow."""
    event = recorded.event
    match event:
        case ContactDetailsChanged() | ContactAbsorbed():
            return _details(document, event)
        case ContactOwnerAssigned(owner_id=owner):
            return {"owner_id": owner}
        case ContactArchived():
            return {"archived": True}
        case ContactRestored():
            return {"archived": False}
        case ContactMerged(into_id=into):
            return {"archived": True, "merged_into_id": into}
        case _:
            return _ties(document, recorded)


def _details(document: Contact, event: ContactDetailsChanged | ContactAbsorbed) -> dict[str, Any]:
    person = changed(event.person)
    after = msgspec.structs.replace(document, **person)
    return {**person, "name": _name(after), "attributes": with_attributes(document.attributes, event.attributes)}


def _ties(document: Contact, recorded: Recorded[Event]) -> dict[str, Any] | None:
    """What the event changes of accounts, relations and consents."""
    event, at = recorded.event, recorded.meta.occurred_at
    match event:
        case ContactAccountLinked(account_id=account, role=role):
            since = next((link.since for link in document.accounts if link.account_id == account), at)
            return {"accounts": with_part(document.accounts, ContactAccount(account, role, since), _account)}
        case ContactAccountUnlinked(account_id=account):
            return {"accounts": tuple(link for link in document.accounts if link.account_id != account)}
        case ContactRelated(other_id=other, relation=relation):
            if any(_relation(one) == (other, relation) for one in document.relations):
                return {}
            return {"relations": (*document.relations, ContactRelation(other, relation, at))}
        case ContactUnrelated(other_id=other, relation=relation):
            return {"relations": tuple(one for one in document.relations if _relation(one) != (other, relation))}
        case ContactConsentGiven(channel=channel, purpose=purpose, evidence=evidence):
            return {"consents": with_part(document.consents, Consent(channel, purpose, True, evidence, at), _consent)}
        case ContactConsentWithdrawn(channel=channel, purpose=purpose):
            return {"consents": with_part(document.consents, Consent(channel, purpose, False, None, at), _consent)}
        case _:
            return None


def _account(link: ContactAccount) -> UUID:
    return link.account_id


def _relation(one: ContactRelation) -> tuple[UUID, Relation]:
    return one.other_id, one.relation


def _consent(consent: Consent) -> tuple[Channel, str]:
    return consent.channel, consent.purpose


def _name(contact: Contact) -> str:
    return contact.person_name or contact.email or contact.phone or contact.external_id or ""
