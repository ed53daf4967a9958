"""What is known of a contact: who it is, and how it stands to accounts, other contacts, and to being reached."""

from collections.abc import Mapping
from uuid import UUID

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from event_schemas.contact import (
    Channel,
    ContactAbsorbed,
    ContactAccountLinked,
    ContactAccountUnlinked,
    ContactConsentGiven,
    ContactConsentWithdrawn,
    ContactCreated,
    ContactDetailsChanged,
    ContactOwnerAssigned,
    ContactRelated,
    ContactUnrelated,
    Relation,
)
from event_schemas.people import Attributes, Person
from event_schemas.registry import Event
from event_schemas.values import Name, Text
from write_side.domain import people
from write_side.domain.contact_commands import ChangeContactDetails, CreateContact
from write_side.domain.errors import Rejected


class ContactNotIdentified(Rejected):
    """A contact has at least a name, an e-mail address, a phone number or an external id."""


class ContactAlreadyCreated(Rejected):
    """A contact with this id was created with other content."""

    field = "id"


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """What every contact has that was ever created."""

    created: ContactCreated
    now: ContactCreated
    """What holds now, in the shape in which it was created."""
    accounts: Mapping[UUID, Name | None] = {}
    """The role at each account."""
    relations: frozenset[tuple[UUID, Relation]] = frozenset()
    consents: Mapping[tuple[Channel, Name], Text | None] = {}
    """How we know of each consent; None where it was withdrawn."""
    absorbed: frozenset[UUID] = frozenset()

    @property
    def person(self) -> Person:
        """Nobody, where all that was known was erased."""
        return self.now.person or people.NOBODY

    @property
    def attributes(self) -> Attributes:
        """None, where all that was known was erased."""
        return self.now.attributes or ()


def evolve(details: Details, event: Event) -> Details:
    """Details after an event; one about something else changes nothing."""
    match event:
        case ContactDetailsChanged():
            return _with_personal(details, event)
        case ContactAbsorbed():
            return replace(_with_personal(details, event), absorbed=details.absorbed | {event.merged_id})
        case ContactOwnerAssigned():
            return replace(details, now=replace(details.now, owner_id=event.owner_id))
        case ContactAccountLinked():
            return replace(details, accounts={**details.accounts, event.account_id: event.role})
        case ContactAccountUnlinked():
            kept = {account: role for account, role in details.accounts.items() if account != event.account_id}
            return replace(details, accounts=kept)
        case ContactRelated():
            return replace(details, relations=details.relations | {(event.other_id, event.relation)})
        case ContactUnrelated():
            return replace(details, relations=details.relations - {(event.other_id, event.relation)})
        case ContactConsentGiven():
            return _with_consent(details, event.channel, event.purpose, event.evidence)
        case ContactConsentWithdrawn():
            return _with_consent(details, event.channel, event.purpose, None)
        case _:
            return details


def _with_personal(details: Details, event: ContactDetailsChanged | ContactAbsorbed) -> Details:
    person = people.with_change(details.person, event.person)
    attributes = people.with_attributes(details.attributes, event.attributes)
    return replace(details, now=replace(details.now, person=person, attributes=attributes))


def _with_consent(details: Details, channel: Channel, purpose: Name, evidence: Text | None) -> Details:
    return replace(details, consents={**details.consents, (channel, purpose): evidence})


def create(command: CreateContact) -> ContactCreated:
    """What the command says of a contact; raises ContactNotIdentified, AttributeNamedTwice."""
    person = people.person_of(command)
    if not people.is_identified(person, command.external_id):
        raise ContactNotIdentified("nothing tells who it is: send a name, an email, a phone or an externalId")
    return ContactCreated(
        person=person,
        external_id=command.external_id,
        attributes=people.attributes_of(command.attributes),
        owner_id=command.owner_id,
        lead_id=command.lead_id,
    )


def create_again(command: CreateContact, created: ContactCreated) -> tuple[Event, ...]:
    """A repeat decides nothing, whatever the contact went through since; raises ContactAlreadyCreated."""
    again = create(command)
    same_person = people.is_same(again.person or people.NOBODY, created.person or people.NOBODY)
    if not same_person or replace(again, person=created.person) != created:
        raise ContactAlreadyCreated(
            f"contact {command.id} was created with other content: change it, or take another id"
        )
    return ()


def change(command: ChangeContactDetails, details: Details) -> tuple[Event, ...]:
    """What the command changes about the person; raises ContactNotIdentified when nothing would be left."""
    changed = ContactDetailsChanged(
        person=people.change_of(command, details.person),
        attributes=people.attribute_changes(command.attributes, details.attributes),
    )
    if changed == ContactDetailsChanged():
        return ()
    if _identified(details) and not _identified(evolve(details, changed)):
        raise ContactNotIdentified("nothing would tell who the contact is: keep a name, an email or a phone")
    return (changed,)


def _identified(details: Details) -> bool:
    return people.is_identified(details.person, details.now.external_id)


def absorb(merged_id: UUID, details: Details, other: Details, *, own_id: UUID, with_email: bool) -> tuple[Event, ...]:
    """What only the other contact had, once for each. A consent that either withdrew is withdrawn."""
    if merged_id in details.absorbed:
        return ()
    known = other.person if with_email else replace(other.person, email=None)
    absorbed = ContactAbsorbed(
        merged_id=merged_id,
        person=people.lacking(details.person, known),
        attributes=people.lacking_attributes(details.attributes, other.attributes),
    )
    return (absorbed, *_links(details, other, {own_id, merged_id}), *_consents(details, other))


def _links(details: Details, other: Details, selves: set[UUID]) -> list[Event]:
    accounts: list[Event] = [
        ContactAccountLinked(account_id=account, role=role)
        for account, role in other.accounts.items()
        if account not in details.accounts
    ]
    relations: list[Event] = [
        ContactRelated(other_id=person, relation=relation)
        for person, relation in sorted(other.relations - details.relations)
        if person not in selves
    ]
    return accounts + relations


def _consents(details: Details, other: Details) -> list[Event]:
    taken: list[Event] = []
    for (channel, purpose), evidence in other.consents.items():
        own = details.consents.get((channel, purpose), UNSET)
        if evidence is None and own is not None:
            taken.append(ContactConsentWithdrawn(channel=channel, purpose=purpose))
        elif evidence is not None and own is UNSET:
            taken.append(ContactConsentGiven(channel=channel, purpose=purpose, evidence=evidence))
    return taken
