"""Events of a contact. Whatever says who the person is, is sealed under the contact's own key."""

from enum import StrEnum
from uuid import UUID

from msgspec import UNSET, UnsetType

from event_schemas.people import Attributes, Person, PersonChange
from event_schemas.registry import Event, event
from event_schemas.values import Name, Text


class Relation(StrEnum):
    """How one contact stands to another."""

    REPORTS_TO = "reports_to"
    KNOWS = "knows"


class Channel(StrEnum):
    """By what way a person may be reached."""

    EMAIL = "email"
    PHONE = "phone"
    SMS = "sms"
    POST = "post"


@event("contact.created", personal=("person", "attributes"))
class ContactCreated(Event, frozen=True, kw_only=True):
    """We know a person."""

    person: Person | None
    external_id: Name | None
    attributes: Attributes | None
    owner_id: UUID | None
    lead_id: UUID | None
    """The lead that became this contact."""


@event("contact.details_changed", personal=("person", "attributes"))
class ContactDetailsChanged(Event, frozen=True, kw_only=True):
    """Some details changed; only what changed is in the event."""

    person: PersonChange | None | UnsetType = UNSET
    attributes: Attributes | None | UnsetType = UNSET


@event("contact.owner_assigned")
class ContactOwnerAssigned(Event, frozen=True, kw_only=True):
    """Another user, or nobody, looks after the contact."""

    owner_id: UUID | None


@event("contact.account_linked")
class ContactAccountLinked(Event, frozen=True, kw_only=True):
    """The person works for an account, or with it; a second link to it changes the role."""

    account_id: UUID
    role: Name | None


@event("contact.account_unlinked")
class ContactAccountUnlinked(Event, frozen=True, kw_only=True):
    """The person has no more to do with the account."""

    account_id: UUID


@event("contact.related")
class ContactRelated(Event, frozen=True, kw_only=True):
    """The person reports to another, or knows them."""

    other_id: UUID
    relation: Relation


@event("contact.unrelated")
class ContactUnrelated(Event, frozen=True, kw_only=True):
    """The relation is over."""

    other_id: UUID
    relation: Relation


@event("contact.consent_given")
class ContactConsentGiven(Event, frozen=True, kw_only=True):
    """The person allows to be reached by a channel for a purpose."""

    channel: Channel
    purpose: Name
    evidence: Text
    """How we know: a form, a call, a document."""


@event("contact.consent_withdrawn")
class ContactConsentWithdrawn(Event, frozen=True, kw_only=True):
    """The person allows it no more."""

    channel: Channel
    purpose: Name


@event("contact.archived")
class ContactArchived(Event, frozen=True, kw_only=True):
    """The contact is kept, but worked with no more."""


@event("contact.restored")
class ContactRestored(Event, frozen=True, kw_only=True):
    """An archived contact is worked with again."""


@event("contact.merged")
class ContactMerged(Event, frozen=True, kw_only=True):
    """The contact is the same person as another, which goes on."""

    into_id: UUID


@event("contact.absorbed", personal=("person", "attributes"))
class ContactAbsorbed(Event, frozen=True, kw_only=True):
    """Another contact was merged into this one; what only the other one knew is taken over."""

    merged_id: UUID
    person: PersonChange | None | UnsetType = UNSET
    attributes: Attributes | None | UnsetType = UNSET
