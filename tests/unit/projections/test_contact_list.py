"""The list of contacts and the tables beside it: exactly these changes for these events."""

from datetime import datetime, timedelta

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
from event_schemas.people import Attribute, PersonChange
from event_schemas.registry import Event
from projections.changes import Change, Delete, Put, Row
from projections.views import contact_list
from tests.support.customers import contact_created
from tests.support.events import DEMO, NOON, Log, some_id
from tests.support.projecting import changes_of

CONTACT = some_id("contact")
ACME, IBM = some_id("acme"), some_id("ibm")
BO = some_id("bo")
CREATED_ROW: Row = {
    "tenant": DEMO,
    "id": CONTACT,
    "name": "Grace Hopper",
    "person_name": "Grace Hopper",
    "job_title": "Admiral",
    "email": "Grace@Navy.example",
    "email_normal": "grace@navy.example",
    "phone": "+1 415 555 0123",
    "phone_e164": "+14155550123",
    "external_id": "C-7",
    "attributes": '[{"name":"rank","value":"admiral"}]',
    "owner_id": some_id("user 1"),
    "lead_id": some_id("lead 1"),
    "archived": False,
    "merged_into_id": None,
    "created_at": NOON,
    "version": 1,
    "position": 1,
}


def shown(*events: Event) -> list[tuple[Row, tuple[Change, ...]]]:
    """The contact's row after each event, and what the event changes beside it; an event a minute."""
    log = Log()
    for event in events:
        log.append("contact", CONTACT, event)
    found = []
    for first, *rest in changes_of(contact_list, log.events):
        assert isinstance(first, Put)
        assert (first.table, first.key) == ("contact_list", (DEMO, CONTACT))
        found.append((first.row, tuple(rest)))
    return found


def after(*events: Event) -> Row:
    """What the events change of a created contact's row."""
    last, _ = shown(contact_created(), *events)[-1]
    return {
        name: value
        for name, value in last.items()
        if value != CREATED_ROW[name] and name not in ("version", "position")
    }


def beside(*events: Event) -> list[tuple[Change, ...]]:
    """What each event changes beside the row; it moves the row's version and position alone."""
    found = shown(contact_created(), *events)
    moved: list[Row] = [CREATED_ROW | {"version": at, "position": at} for at in range(1, len(events) + 2)]
    assert [row for row, _ in found] == moved
    return [rest for _, rest in found[1:]]


def minutes(count: int) -> datetime:
    """When the event after so many others occurred."""
    return NOON + timedelta(minutes=count)


def test_a_created_contact_is_a_whole_row() -> None:
    """With every column of the table, and nothing beside it."""
    assert shown(contact_created()) == [(CREATED_ROW, ())]


def test_only_what_an_event_names_changes() -> None:
    """Without a name the contact is called by e-mail, phone or external id."""
    assert after(ContactDetailsChanged(person=PersonChange(name="Ada"))) == {"name": "Ada", "person_name": "Ada"}
    unnamed = PersonChange(name=None)
    assert after(ContactDetailsChanged(person=unnamed)) == {"name": "Grace@Navy.example", "person_name": None}
    unknown = PersonChange(name=None, email=None, phone=None, phone_e164=None)
    assert after(ContactDetailsChanged(person=unknown))["name"] == "C-7"
    assert after(ContactDetailsChanged(attributes=(Attribute("rank", None),))) == {"attributes": "[]"}
    assert after(ContactOwnerAssigned(owner_id=None)) == {"owner_id": None}


def test_what_was_erased_says_nothing() -> None:
    """Nothing is known of the person, and what comes later still counts."""
    erased = ContactCreated(person=None, external_id=None, attributes=None, owner_id=None, lead_id=None)
    again = ContactDetailsChanged(person=None, attributes=None)
    later = ContactDetailsChanged(person=PersonChange(email="B@x.example"))
    rows = [row for row, _ in shown(erased, again, later)]
    assert [(row["name"], row["email_normal"], row["attributes"]) for row in rows] == [
        ("", None, "[]"),
        ("", None, "[]"),
        ("B@x.example", "b@x.example", "[]"),
    ]
    assert after(again) == {}


def test_archived_restored_and_merged() -> None:
    """A merged contact is archived too, and says into which it was merged."""
    assert after(ContactArchived()) == {"archived": True}
    assert after(ContactArchived(), ContactRestored()) == {}
    assert after(ContactMerged(into_id=BO)) == {"archived": True, "merged_into_id": BO}


def test_the_survivor_takes_over_what_only_the_other_knew() -> None:
    """As a change of details."""
    absorbed = ContactAbsorbed(merged_id=BO, person=PersonChange(job_title="Boss"), attributes=(Attribute("a", "1"),))
    assert after(absorbed) == {
        "job_title": "Boss",
        "attributes": '[{"name":"rank","value":"admiral"},{"name":"a","value":"1"}]',
    }


def test_contact_accounts_are_those_linked_now() -> None:
    """A second link changes the role and not the beginning; unlinked is gone; what was not linked changes nothing."""

    def linked(role: str | None, since: int) -> Put:
        row: Row = {"tenant": DEMO, "contact_id": CONTACT, "account_id": ACME, "role": role, "since": minutes(since)}
        return Put("contact_accounts", (DEMO, CONTACT, ACME), row)

    assert beside(
        ContactAccountLinked(account_id=ACME, role=None),
        ContactAccountLinked(account_id=ACME, role="Buyer"),
        ContactAccountUnlinked(account_id=IBM),
        ContactAccountUnlinked(account_id=ACME),
        ContactAccountLinked(account_id=ACME, role="Boss"),
    ) == [
        (linked(None, 1),),
        (linked("Buyer", 1),),
        (),
        (Delete("contact_accounts", (DEMO, CONTACT, ACME)),),
        (linked("Boss", 5),),
    ]


def test_contact_relations_are_those_that_stand_now() -> None:
    """Two relations to the same person are two; said again, one stays as it was."""

    def related(relation: Relation, since: int) -> Put:
        row: Row = {"contact_id": CONTACT, "other_id": BO, "relation": relation, "since": minutes(since)}
        return Put("contact_relations", (DEMO, CONTACT, BO, relation), {"tenant": DEMO, **row})

    assert beside(
        ContactRelated(other_id=BO, relation=Relation.KNOWS),
        ContactRelated(other_id=BO, relation=Relation.REPORTS_TO),
        ContactRelated(other_id=BO, relation=Relation.KNOWS),
        ContactUnrelated(other_id=BO, relation=Relation.KNOWS),
    ) == [
        (related(Relation.KNOWS, 1),),
        (related(Relation.REPORTS_TO, 2),),
        (),
        (Delete("contact_relations", (DEMO, CONTACT, BO, Relation.KNOWS)),),
    ]


def test_contact_consents_are_what_was_last_said() -> None:
    """Per channel and purpose; a withdrawn one stays, as withdrawn."""

    def said(purpose: str, given: bool, evidence: str | None, at: int) -> Put:
        what: Row = {"given": given, "evidence": evidence, "changed_at": minutes(at)}
        row: Row = {"tenant": DEMO, "contact_id": CONTACT, "channel": Channel.SMS, "purpose": purpose}
        return Put("contact_consents", (DEMO, CONTACT, Channel.SMS, purpose), row | what)

    assert beside(
        ContactConsentGiven(channel=Channel.SMS, purpose="news", evidence="a form"),
        ContactConsentGiven(channel=Channel.SMS, purpose="offers", evidence="a call"),
        ContactConsentWithdrawn(channel=Channel.SMS, purpose="news"),
        ContactConsentWithdrawn(channel=Channel.SMS, purpose="polls"),
    ) == [
        (said("news", True, "a form", 1),),
        (said("offers", True, "a call", 2),),
        (said("news", False, None, 3),),
        (said("polls", False, None, 4),),
    ]
