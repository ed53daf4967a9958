"""Creating a contact, what is known of it, and its coming and going."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from event_schemas.contact import (
    Channel,
    ContactArchived,
    ContactConsentGiven,
    ContactConsentWithdrawn,
    ContactCreated,
    ContactDetailsChanged,
    ContactMerged,
    ContactOwnerAssigned,
    ContactRestored,
)
from event_schemas.lead import LeadConverted, LeadQualified
from event_schemas.people import Attribute, Person, PersonChange
from tests.support.events import some_id
from tests.support.examples import USER, USER_CREATED
from tests.support.people import BOB_CREATED, CONTACT, CONTACT_CREATED, LEAD, LEAD_CAPTURED, OTHER_CONTACT
from tests.support.scenario import Given, fold, given
from write_side.domain import contact, lead, user
from write_side.domain.contact_commands import (
    ArchiveContact,
    AssignContactOwner,
    ChangeContactDetails,
    CreateContact,
    GiveContactConsent,
    MergeContact,
    RestoreContact,
    WithdrawContactConsent,
)
from write_side.domain.contact_details import ContactAlreadyCreated, ContactNotIdentified
from write_side.domain.people import AttributeNamedTwice, TooManyAttributes
from write_side.domain.references import ContactIsArchived, ContactNotFound, LeadNotFound, UserNotFound

FULL = CreateContact(
    id=CONTACT,
    name="Ada",
    job_title="Engineer",
    email="Ada@example.org\n",
    phone=" +1 (415) 555-0123",
    external_id="x-1",
    attributes=(Attribute("size", "L"),),
)
BARE = CreateContact(id=CONTACT, name="Bob")
GIVE = GiveContactConsent(id=CONTACT, channel=Channel.EMAIL, purpose="news", evidence="form 7")
WITHDRAW = WithdrawContactConsent(id=CONTACT, channel=Channel.EMAIL, purpose="news")
GIVEN = ContactConsentGiven(channel=Channel.EMAIL, purpose="news", evidence="form 7")
WITHDRAWN = ContactConsentWithdrawn(channel=Channel.EMAIL, purpose="news")
CHANGES: list[tuple[Any, Any]] = [
    (ChangeContactDetails(id=CONTACT, name="Eve"), ContactDetailsChanged(person=PersonChange(name="Eve"))),
    (AssignContactOwner(id=CONTACT, owner_id=USER), ContactOwnerAssigned(owner_id=USER)),
    (GIVE, GIVEN),
    (WITHDRAW, WITHDRAWN),
    (ArchiveContact(id=CONTACT), ContactArchived()),
]


def tenant(*events: Any) -> Given:
    """A contact's history in a tenant with a user and a lead."""
    return (
        given(contact.DECIDER, *events)
        .beside(user.DECIDER, USER, USER_CREATED)
        .beside(lead.DECIDER, LEAD, LEAD_CAPTURED)
    )


def test_a_contact_is_created_with_all_that_is_known() -> None:
    """Without the spaces around address and number, and with the number's one form."""
    tenant().when(FULL).then(CONTACT_CREATED)
    tenant().when(BARE).then(BOB_CREATED)


def test_a_contact_that_nothing_identifies_is_refused() -> None:
    """At first, and by taking away the last thing that does."""
    nobody = CreateContact(id=CONTACT, job_title="CEO", attributes=(Attribute("a", "1"),))
    tenant().when(nobody).rejected(ContactNotIdentified)
    tenant(BOB_CREATED).when(ChangeContactDetails(id=CONTACT, name=None)).rejected(ContactNotIdentified)
    external = msgspec.structs.replace(BOB_CREATED, external_id="7")
    nameless = ContactDetailsChanged(person=PersonChange(name=None))
    tenant(external).when(ChangeContactDetails(id=CONTACT, name=None)).then(nameless)


def test_a_contact_may_come_of_a_lead() -> None:
    """A converted one, that is; it must have been there."""
    owned = msgspec.structs.replace(BARE, lead_id=LEAD, owner_id=USER)
    created = msgspec.structs.replace(BOB_CREATED, lead_id=LEAD, owner_id=USER)
    nothing = LeadConverted(account=None, contact=None, deal=None)
    converted = tenant().beside(lead.DECIDER, LEAD, LEAD_CAPTURED, LeadQualified(), nothing)
    converted.when(owned).then(created)
    unheard = msgspec.structs.replace(BARE, lead_id=some_id("no lead"))
    tenant().when(unheard).rejected(LeadNotFound, "leadId")


def test_the_owner_must_exist() -> None:
    """When it is created, and later."""
    nobody = some_id("nobody")
    tenant().when(msgspec.structs.replace(BARE, owner_id=nobody)).rejected(UserNotFound, "ownerId")
    tenant(BOB_CREATED).when(AssignContactOwner(id=CONTACT, owner_id=nobody)).rejected(UserNotFound, "ownerId")


def test_a_repeat_decides_nothing_whatever_came_between() -> None:
    """Also when it was changed, archived or merged since."""
    for history in ((), (CHANGES[0][1], GIVEN), (ContactArchived(),), (ContactMerged(into_id=OTHER_CONTACT),)):
        tenant(CONTACT_CREATED, *history).when(FULL).then()


@pytest.mark.parametrize(
    "other", [{"name": "Eve"}, {"external_id": None}, {"attributes": ()}, {"lead_id": LEAD}, {"email": None}], ids=str
)
def test_an_id_is_used_once(other: dict[str, Any]) -> None:
    """Any other content under the same id is refused."""
    tenant(CONTACT_CREATED).when(msgspec.structs.replace(FULL, **other)).rejected(ContactAlreadyCreated, "id")


@pytest.mark.parametrize(("command", "event"), CHANGES, ids=lambda one: type(one).__name__)
def test_a_contact_changes(command: Any, event: Any) -> None:
    """Each change is one event, and none when the contact already is so."""
    tenant(CONTACT_CREATED).when(command).then(event)
    tenant(CONTACT_CREATED, event).when(command).then()


@pytest.mark.parametrize(
    "command",
    [
        *(command for command, _ in CHANGES),
        RestoreContact(id=CONTACT),
        MergeContact(id=CONTACT, into_id=OTHER_CONTACT),
    ],
    ids=lambda one: type(one).__name__,
)
def test_what_was_never_created_does_not_change(command: Any) -> None:
    """No change without a contact."""
    tenant().when(command).rejected(ContactNotFound)


def test_attributes_follow_their_rules() -> None:
    """Named once, at most 200, null takes one away."""
    twice = (Attribute("a", "1"), Attribute("a", "2"))
    tenant().when(msgspec.structs.replace(BARE, attributes=twice)).rejected(AttributeNamedTwice, "attributes")
    many = tuple(Attribute(f"a{number}", "1") for number in range(200))
    more = ChangeContactDetails(id=CONTACT, attributes=(Attribute("more", "1"),))
    full = msgspec.structs.replace(BOB_CREATED, attributes=many)
    tenant(full).when(more).rejected(TooManyAttributes, "attributes")
    none = ChangeContactDetails(id=CONTACT, attributes=(Attribute("size", None),))
    tenant(CONTACT_CREATED).when(none).then(ContactDetailsChanged(attributes=(Attribute("size", None),)))


def test_consents_are_per_channel_and_purpose() -> None:
    """Other evidence is news; what was withdrawn may be given again, and what was never given may be withdrawn."""
    other = msgspec.structs.replace(GIVE, evidence="call")
    tenant(CONTACT_CREATED, GIVEN).when(other).then(msgspec.structs.replace(GIVEN, evidence="call"))
    tenant(CONTACT_CREATED, GIVEN, WITHDRAWN).when(GIVE).then(GIVEN)
    tenant(CONTACT_CREATED, GIVEN).when(WITHDRAW).then(WITHDRAWN)
    sms = msgspec.structs.replace(WITHDRAW, channel=Channel.SMS)
    tenant(CONTACT_CREATED, WITHDRAWN).when(sms).then(ContactConsentWithdrawn(channel=Channel.SMS, purpose="news"))


def test_an_archived_contact_is_restored() -> None:
    """With all that was known; to restore what is not archived changes nothing."""
    restore = RestoreContact(id=CONTACT)
    tenant(CONTACT_CREATED).when(restore).then()
    tenant(CONTACT_CREATED, GIVEN, ContactArchived()).when(restore).then(ContactRestored())
    tenant(CONTACT_CREATED, GIVEN, ContactArchived(), ContactRestored()).when(GIVE).then()


@pytest.mark.parametrize("command", [one for one, _ in CHANGES[:-1]], ids=lambda one: type(one).__name__)
def test_an_archived_contact_accepts_nothing_else(command: Any) -> None:
    """Restore it first."""
    tenant(CONTACT_CREATED, ContactArchived()).when(command).rejected(ContactIsArchived)


def test_a_contact_holds_its_address_while_it_is_worked_with() -> None:
    """In its normal form; archived, merged or erased it holds nothing."""

    def held(*events: Any) -> set[str]:
        return set(contact.holds(fold(contact.DECIDER, UUID(int=0), *events)))

    assert held() == held(BOB_CREATED) == set()
    assert held(CONTACT_CREATED) == {"ada@example.org"}
    other = ContactDetailsChanged(person=PersonChange(email="E@x.org"))
    assert held(CONTACT_CREATED, other) == {"e@x.org"}
    assert held(CONTACT_CREATED, ContactArchived()) == held(CONTACT_CREATED, ContactMerged(into_id=LEAD)) == set()
    assert held(CONTACT_CREATED, ContactArchived(), ContactRestored()) == {"ada@example.org"}
    assert held(msgspec.structs.replace(CONTACT_CREATED, person=None)) == set()


def test_an_erased_contact_still_folds() -> None:
    """What comes later is known again."""
    erased: ContactCreated = msgspec.structs.replace(CONTACT_CREATED, person=None, attributes=None)
    history = (erased, ContactDetailsChanged(person=None, attributes=None))
    owner = AssignContactOwner(id=CONTACT, owner_id=USER)
    tenant(*history).when(owner).then(ContactOwnerAssigned(owner_id=USER))
    named = ChangeContactDetails(id=CONTACT, name="Ada", attributes=(Attribute("size", None),))
    tenant(*history).when(named).then(ContactDetailsChanged(person=PersonChange(name="Ada")))
    again = ContactDetailsChanged(person=PersonChange(name="Ada"))
    assert fold(contact.DECIDER, CONTACT, *history, again).details.person == Person(name="Ada")
