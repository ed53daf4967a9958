"""Capturing a lead, and what is known of it."""

from typing import Any

import msgspec
import pytest

from event_schemas.lead import (
    DisqualificationReason,
    LeadArchived,
    LeadCaptured,
    LeadDetailsChanged,
    LeadDisqualified,
    LeadNoted,
    LeadOwnerAssigned,
    LeadQualified,
    LeadReopened,
    LeadRestored,
    LeadScored,
)
from event_schemas.people import Attribute, Person, PersonChange
from tests.support.events import some_id
from tests.support.examples import USER, USER_CREATED
from tests.support.people import BOB_CAPTURED, LEAD, LEAD_CAPTURED
from tests.support.scenario import Given, given
from write_side.domain import lead, user
from write_side.domain.lead import LeadIsDisqualified
from write_side.domain.lead_commands import (
    AddLeadNote,
    ArchiveLead,
    AssignLeadOwner,
    CaptureLead,
    ChangeLeadDetails,
    ConvertLead,
    DisqualifyLead,
    MergeLead,
    QualifyLead,
    ReopenLead,
    RestoreLead,
    ScoreLead,
)
from write_side.domain.lead_details import LeadAlreadyCaptured, LeadNotIdentified
from write_side.domain.people import AttributeNamedTwice, TooManyAttributes
from write_side.domain.references import LeadIsArchived, LeadNotFound, UserNotFound

FULL = CaptureLead(
    id=LEAD,
    name="Ada",
    job_title="Engineer",
    email=" Ada@example.org ",
    phone="+1 (415) 555-0123",
    company="Acme",
    source="web",
    campaign="spring",
    external_id="x-1",
    attributes=(Attribute("size", "L"), Attribute("colour", None)),
)
BARE = CaptureLead(id=LEAD, name="Bob")
SCORED = LeadScored(score=80, model="M1", reasons=("visited",))
LOST = LeadDisqualified(reason=DisqualificationReason.NO_FIT, detail="too small")
DISQUALIFY = DisqualifyLead(id=LEAD, reason=LOST.reason, detail=LOST.detail)
CHANGES: list[tuple[Any, Any]] = [
    (ChangeLeadDetails(id=LEAD, company="Beta"), LeadDetailsChanged(company="Beta")),
    (AssignLeadOwner(id=LEAD, owner_id=USER), LeadOwnerAssigned(owner_id=USER)),
    (ScoreLead(id=LEAD, score=80, model="M1", reasons=("visited",)), SCORED),
    (AddLeadNote(id=LEAD, text="called"), LeadNoted(text="called")),
    (QualifyLead(id=LEAD), LeadQualified()),
    (DISQUALIFY, LOST),
    (ArchiveLead(id=LEAD), LeadArchived()),
]


def tenant(*events: Any) -> Given:
    """A lead's history in a tenant with one user."""
    return given(lead.DECIDER, *events).beside(user.DECIDER, USER, USER_CREATED)


def changed(**fields: Any) -> ChangeLeadDetails:
    """A change of the lead's details."""
    return ChangeLeadDetails(id=LEAD, **fields)


def test_a_lead_is_captured_with_all_that_is_known() -> None:
    """Spaces around the address are gone, the number has its one form, and what is null is not there."""
    tenant().when(FULL).then(LEAD_CAPTURED)


@pytest.mark.parametrize(
    "known", [{"name": "Bob"}, {"email": "b@x.org"}, {"phone": "044 1"}, {"external_id": "7"}], ids=str
)
def test_one_thing_that_tells_who_it_is_is_enough(known: dict[str, str]) -> None:
    """A name, an address, a number or an external id."""
    external = known.get("external_id")
    person = Person(**{} if external else known)
    captured = msgspec.structs.replace(BOB_CAPTURED, person=person, external_id=external)
    tenant().when(CaptureLead(id=LEAD, **known)).then(captured)  # type: ignore[arg-type]  # fields by name


def test_a_lead_that_nothing_identifies_is_refused() -> None:
    """A company, a title or an attribute tell nobody."""
    nobody = CaptureLead(id=LEAD, job_title="CEO", company="Acme", source="web", attributes=(Attribute("a", "1"),))
    message = tenant().when(nobody).rejected(LeadNotIdentified)
    assert message == "nothing tells who it is: send a name, an email, a phone or an externalId"


def test_a_repeat_decides_nothing_whatever_came_between() -> None:
    """Also when it was judged, archived or changed since."""
    for history in ((), (LeadDetailsChanged(company="Beta"), LeadQualified()), (LeadArchived(),)):
        tenant(LEAD_CAPTURED, *history).when(FULL).then()


def test_a_repeat_is_known_when_numbering_plans_have_changed() -> None:
    """What another version made of the number is no other content."""
    assert LEAD_CAPTURED.person is not None
    earlier = msgspec.structs.replace(LEAD_CAPTURED.person, phone_e164=None)
    tenant(msgspec.structs.replace(LEAD_CAPTURED, person=earlier)).when(FULL).then()


@pytest.mark.parametrize(
    "other", [{"name": "Eve"}, {"company": None}, {"attributes": ()}, {"phone": "1"}, {"source": "fair"}], ids=str
)
def test_an_id_is_used_once(other: dict[str, Any]) -> None:
    """Any other content under the same id is refused."""
    tenant(LEAD_CAPTURED).when(msgspec.structs.replace(FULL, **other)).rejected(LeadAlreadyCaptured, "id")


def test_the_owner_must_exist() -> None:
    """When it is captured, and later."""
    nobody = some_id("nobody")
    tenant().when(msgspec.structs.replace(BARE, owner_id=nobody)).rejected(UserNotFound, "ownerId")
    tenant(LEAD_CAPTURED).when(AssignLeadOwner(id=LEAD, owner_id=nobody)).rejected(UserNotFound, "ownerId")
    owned = msgspec.structs.replace(BOB_CAPTURED, owner_id=USER)
    tenant().when(msgspec.structs.replace(BARE, owner_id=USER)).then(owned)
    tenant(owned).when(AssignLeadOwner(id=LEAD, owner_id=None)).then(LeadOwnerAssigned(owner_id=None))


@pytest.mark.parametrize(("command", "event"), CHANGES, ids=lambda one: type(one).__name__)
def test_a_lead_changes(command: Any, event: Any) -> None:
    """Each change is one event, and none when the lead already is so."""
    tenant(LEAD_CAPTURED).when(command).then(event)
    tenant(LEAD_CAPTURED, event).when(command).then()


@pytest.mark.parametrize(
    "command",
    [
        *(command for command, _ in CHANGES),
        ReopenLead(id=LEAD),
        RestoreLead(id=LEAD),
        ConvertLead(id=LEAD),
        MergeLead(id=LEAD, into_id=some_id("x")),
    ],
    ids=lambda one: type(one).__name__,
)
def test_what_was_never_captured_does_not_change(command: Any) -> None:
    """No change without a lead."""
    tenant().when(command).rejected(LeadNotFound)


def test_only_what_changed_is_in_the_event() -> None:
    """What was sent as it is already, or not at all, is not."""
    same = changed(name="Ada", email="  ada@example.org", company="Acme", campaign=None, job_title=None)
    person = PersonChange(email="ada@example.org", job_title=None)
    tenant(LEAD_CAPTURED).when(same).then(LeadDetailsChanged(person=person, campaign=None))
    tenant(LEAD_CAPTURED).when(changed(name="Ada", phone=" +1 (415) 555-0123 ")).then()


def test_a_number_changes_with_its_form() -> None:
    """Another number has another form, one of no country has none, and another spelling has the same."""
    phone = PersonChange(phone="0041 44 668 18 00", phone_e164="+41446681800")
    tenant(LEAD_CAPTURED).when(changed(phone="0041 44 668 18 00")).then(LeadDetailsChanged(person=phone))
    local = PersonChange(phone="044 668 18 00", phone_e164=None)
    tenant(LEAD_CAPTURED).when(changed(phone="044 668 18 00")).then(LeadDetailsChanged(person=local))
    spelled = PersonChange(phone="+14155550123")
    tenant(LEAD_CAPTURED).when(changed(phone="+14155550123")).then(LeadDetailsChanged(person=spelled))
    gone = PersonChange(phone=None, phone_e164=None)
    tenant(LEAD_CAPTURED).when(changed(phone=None)).then(LeadDetailsChanged(person=gone))


def test_attributes_are_added_changed_and_taken_away() -> None:
    """By name; null takes one away, and what stays as it is is not in the event."""
    sent = (Attribute("size", None), Attribute("colour", "red"), Attribute("none", None))
    after = LeadDetailsChanged(attributes=sent[:2])
    tenant(LEAD_CAPTURED).when(changed(attributes=sent)).then(after)
    tenant(LEAD_CAPTURED, after).when(changed(attributes=(Attribute("colour", "red"),))).then()


def test_an_attribute_is_named_once() -> None:
    """When captured and when changed."""
    twice = (Attribute("a", "1"), Attribute("a", "2"))
    tenant().when(msgspec.structs.replace(BARE, attributes=twice)).rejected(AttributeNamedTwice, "attributes")
    tenant(LEAD_CAPTURED).when(changed(attributes=twice)).rejected(AttributeNamedTwice, "attributes")


def test_there_is_a_limit_to_attributes() -> None:
    """200 in all; to take one and add one is fine."""
    many = tuple(Attribute(f"a{number}", "1") for number in range(200))
    full = msgspec.structs.replace(BOB_CAPTURED, attributes=many)
    tenant(full).when(changed(attributes=(Attribute("more", "1"),))).rejected(TooManyAttributes, "attributes")
    swap = (Attribute("a0", None), Attribute("more", "1"))
    tenant(full).when(changed(attributes=swap)).then(LeadDetailsChanged(attributes=swap))


def test_a_lead_stays_identified() -> None:
    """The last thing that tells who it is cannot be taken away, unless another comes for it."""
    tenant(BOB_CAPTURED).when(changed(name=None)).rejected(LeadNotIdentified)
    instead = LeadDetailsChanged(person=PersonChange(name=None, email="b@x.org"))
    tenant(BOB_CAPTURED).when(changed(name=None, email="b@x.org")).then(instead)


def test_a_new_score_or_note_replaces_the_last() -> None:
    """The same once more is a repeat, but not after another."""
    other = LeadScored(score=10, model="M1", reasons=())
    again = ScoreLead(id=LEAD, score=80, model="M1", reasons=("visited",))
    tenant(LEAD_CAPTURED, SCORED, other).when(again).then(SCORED)
    note = AddLeadNote(id=LEAD, text="called")
    tenant(LEAD_CAPTURED, LeadNoted(text="called"), LeadNoted(text="mailed")).when(note).then(LeadNoted(text="called"))


def test_judging() -> None:
    """New, qualified and disqualified lead into one another as the rules say."""
    qualify, reopen = QualifyLead(id=LEAD), ReopenLead(id=LEAD)
    tenant(LEAD_CAPTURED).when(reopen).then()
    tenant(LEAD_CAPTURED, LeadQualified()).when(DISQUALIFY).then(LOST)
    tenant(LEAD_CAPTURED, LeadQualified()).when(reopen).then(LeadReopened())
    tenant(LEAD_CAPTURED, LOST).when(reopen).then(LeadReopened())
    tenant(LEAD_CAPTURED, LOST, LeadReopened()).when(qualify).then(LeadQualified())
    tenant(LEAD_CAPTURED, LOST).when(qualify).rejected(LeadIsDisqualified)
    other = DisqualifyLead(id=LEAD, reason=DisqualificationReason.NO_BUDGET)
    tenant(LEAD_CAPTURED, LOST).when(other).rejected(LeadIsDisqualified)


@pytest.mark.parametrize("judged", [(), (LeadQualified(),), (LOST,)], ids=["new", "qualified", "disqualified"])
def test_an_archived_lead_comes_back_as_it_was(judged: tuple[Any, ...]) -> None:
    """To restore what is not archived changes nothing."""
    tenant(LEAD_CAPTURED, *judged).when(RestoreLead(id=LEAD)).then()
    archived = (LEAD_CAPTURED, *judged, LeadArchived())
    tenant(*archived).when(RestoreLead(id=LEAD)).then(LeadRestored())
    now = tenant(*archived, LeadRestored())
    if not judged:
        now.when(QualifyLead(id=LEAD)).then(LeadQualified())
    else:
        now.when(ReopenLead(id=LEAD)).then(LeadReopened())


@pytest.mark.parametrize("command", [one for one, _ in CHANGES[:-1]], ids=lambda one: type(one).__name__)
def test_an_archived_lead_accepts_nothing_else(command: Any) -> None:
    """Restore it first."""
    tenant(LEAD_CAPTURED, LeadArchived()).when(command).rejected(LeadIsArchived)


def test_an_erased_lead_still_folds() -> None:
    """Of whom nothing is known any more, the business is still known, and what comes later is."""
    erased: LeadCaptured = msgspec.structs.replace(LEAD_CAPTURED, person=None, attributes=None)
    history = (erased, LeadDetailsChanged(person=None, attributes=None, company="Beta"), LeadNoted(text=None))
    tenant(*history).when(changed(company="Beta")).then()
    tenant(*history).when(changed(source="fair", name=None, phone=None)).then(LeadDetailsChanged(source="fair"))
    tenant(*history).when(FULL).rejected(LeadAlreadyCaptured, "id")
