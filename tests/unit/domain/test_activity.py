"""Logging, scheduling and ending an activity."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from event_schemas.account import AccountArchived
from event_schemas.activity import (
    ActivityCancelled,
    ActivityCompleted,
    ActivityKind,
    ActivityLogged,
    ActivityReassigned,
    ActivityRescheduled,
    ActivityScheduled,
    Related,
    RelatedKind,
)
from event_schemas.contact import ContactArchived, ContactMerged
from event_schemas.deal import DealOpened
from event_schemas.lead import LeadArchived, LeadConverted
from event_schemas.values import Money
from tests.support.events import some_id
from tests.support.examples import ACCOUNT, ACCOUNT_OPENED, DEAL, NEW, PIPELINE, USER, USER_CREATED
from tests.support.people import CONTACT, CONTACT_CREATED, LEAD, LEAD_CAPTURED, OTHER_CONTACT
from tests.support.scenario import Given, given
from write_side.domain import account, activity, contact, deal, lead, user
from write_side.domain.activity import (
    ActivityAlreadyRecorded,
    ActivityIsCancelled,
    ActivityIsDone,
    ActivityNotForLogging,
    ActivityNotForScheduling,
    ActivityNotFound,
    CancelActivity,
    CompleteActivity,
    LogActivity,
    ReassignActivity,
    RescheduleActivity,
    ScheduleActivity,
)
from write_side.domain.references import (
    AccountIsArchived,
    AccountNotFound,
    ContactIsArchived,
    ContactIsMerged,
    ContactNotFound,
    DealNotFound,
    LeadAlreadyConverted,
    LeadIsArchived,
    LeadNotFound,
    UserNotFound,
)

ACTIVITY = some_id("activity")
DUE = datetime(2017, 7, 1, 9, tzinfo=UTC)
OF_DEAL, OF_ACCOUNT = Related(RelatedKind.DEAL, DEAL), Related(RelatedKind.ACCOUNT, ACCOUNT)
OF_LEAD, OF_CONTACT = Related(RelatedKind.LEAD, LEAD), Related(RelatedKind.CONTACT, CONTACT)
OPENED = DealOpened(
    name="Ten GTX",
    pipeline_id=PIPELINE,
    stage_id=NEW.id,
    amount=Money(100, "USD"),
    account_id=None,
    owner_id=None,
    product_id=None,
    expected_close=None,
)
LOG = LogActivity(
    id=ACTIVITY,
    kind=ActivityKind.CALL,
    subject="First call",
    body="Ada likes it",
    related=(OF_DEAL, OF_CONTACT, OF_LEAD),
    owner_id=USER,
    minutes=20,
)
LOGGED = ActivityLogged(
    kind=ActivityKind.CALL,
    subject="First call",
    body="Ada likes it",
    related=(OF_DEAL, OF_CONTACT, OF_LEAD),
    person_id=CONTACT,
    owner_id=USER,
    minutes=20,
)
SCHEDULE = ScheduleActivity(
    id=ACTIVITY, kind=ActivityKind.TASK, subject="Send the offer", related=(OF_LEAD,), owner_id=USER, due_at=DUE
)
SCHEDULED = ActivityScheduled(
    kind=ActivityKind.TASK,
    subject="Send the offer",
    body=None,
    related=(OF_LEAD,),
    person_id=LEAD,
    owner_id=USER,
    due_at=DUE,
)
COMPLETE, CANCEL = CompleteActivity(id=ACTIVITY, outcome="sent"), CancelActivity(id=ACTIVITY, reason="not needed")
IS_DONE = ActivityCompleted(outcome="sent", person_id=LEAD)
IS_CANCELLED = ActivityCancelled(reason="not needed", person_id=LEAD)
LATER = DUE + timedelta(days=1)
CHANGES: list[tuple[Any, Any]] = [
    (RescheduleActivity(id=ACTIVITY, due_at=LATER), ActivityRescheduled(due_at=LATER)),
    (ReassignActivity(id=ACTIVITY, owner_id=None), ActivityReassigned(owner_id=None)),
    (COMPLETE, IS_DONE),
    (CANCEL, IS_CANCELLED),
]


def tenant(*events: Any) -> Given:
    """An activity's history in a tenant with one of each that it may be about."""
    return (
        given(activity.DECIDER, *events)
        .beside(user.DECIDER, USER, USER_CREATED)
        .beside(account.DECIDER, ACCOUNT, ACCOUNT_OPENED)
        .beside(deal.DECIDER, DEAL, OPENED)
        .beside(contact.DECIDER, CONTACT, CONTACT_CREATED)
        .beside(lead.DECIDER, LEAD, LEAD_CAPTURED)
    )


def name_of(value: Any) -> str:
    """For test ids."""
    return type(value).__name__


def test_an_activity_is_logged_as_told() -> None:
    """Every field is in the event, and the first person that it is about."""
    tenant().when(LOG).then(LOGGED)


def test_an_activity_is_scheduled_as_told() -> None:
    """Every field is in the event, and the first person that it is about."""
    tenant().when(SCHEDULE).then(SCHEDULED)


def test_a_subject_is_enough() -> None:
    """What is not given is unknown; an activity may be about nobody, and nobody's."""
    bare = LogActivity(id=ACTIVITY, kind=ActivityKind.NOTE, subject="Market")
    logged = replace(
        LOGGED, kind=ActivityKind.NOTE, subject="Market", body=None, related=(), person_id=None, owner_id=None
    )
    tenant().when(bare).then(replace(logged, minutes=None))


def test_what_is_about_no_person_is_nobodys_data() -> None:
    """Accounts and deals are no persons."""
    command = replace(LOG, related=(OF_DEAL, OF_ACCOUNT))
    tenant().when(command).then(replace(LOGGED, related=(OF_DEAL, OF_ACCOUNT), person_id=None))


def test_what_is_named_twice_is_there_once() -> None:
    """The same entity named again adds nothing."""
    tenant().when(replace(SCHEDULE, related=(OF_LEAD, OF_LEAD))).then(SCHEDULED)


@pytest.mark.parametrize("kind", ActivityKind)
def test_what_can_be_logged_and_scheduled(kind: ActivityKind) -> None:
    """A task does not just happen; notes and e-mails are not planned."""
    log, schedule = tenant().when(replace(LOG, kind=kind)), tenant().when(replace(SCHEDULE, kind=kind))
    if kind is ActivityKind.TASK:
        log.rejected(ActivityNotForLogging, "kind")
    else:
        log.then(replace(LOGGED, kind=kind))
    if kind in {ActivityKind.NOTE, ActivityKind.EMAIL}:
        schedule.rejected(ActivityNotForScheduling, "kind")
    else:
        schedule.then(replace(SCHEDULED, kind=kind))


@pytest.mark.parametrize(
    ("kind", "rejection"),
    [("lead", LeadNotFound), ("contact", ContactNotFound), ("account", AccountNotFound), ("deal", DealNotFound)],
)
def test_what_it_is_about_exists(kind: str, rejection: Any) -> None:
    """An entity that never was is refused, with its place in the input."""
    related = (OF_DEAL, Related(RelatedKind(kind), some_id("none")))
    tenant().when(replace(LOG, related=related)).rejected(rejection, "related.1.id")
    tenant().when(replace(SCHEDULE, related=related)).rejected(rejection, "related.1.id")


@pytest.mark.parametrize(
    ("decider", "related", "history", "rejection"),
    [
        (account.DECIDER, OF_ACCOUNT, (ACCOUNT_OPENED, AccountArchived()), AccountIsArchived),
        (contact.DECIDER, OF_CONTACT, (CONTACT_CREATED, ContactArchived()), ContactIsArchived),
        (contact.DECIDER, OF_CONTACT, (CONTACT_CREATED, ContactMerged(into_id=OTHER_CONTACT)), ContactIsMerged),
        (lead.DECIDER, OF_LEAD, (LEAD_CAPTURED, LeadArchived()), LeadIsArchived),
        (
            lead.DECIDER,
            OF_LEAD,
            (LEAD_CAPTURED, LeadConverted(account=None, contact=None, deal=None)),
            LeadAlreadyConverted,
        ),
    ],
    ids=["account", "contact", "merged", "lead", "converted"],
)
def test_what_is_withdrawn_has_a_past_and_no_future(
    decider: Any, related: Related, history: Any, rejection: Any
) -> None:
    """What happened with an entity that is archived, merged or converted can be logged, not planned."""
    withdrawn = tenant().beside(decider, related.id, *history)
    withdrawn.when(replace(SCHEDULE, related=(related,))).rejected(rejection, "related.0.id")
    assert len(withdrawn.when(replace(LOG, related=(related,))).events()) == 1


def test_the_owner_must_exist() -> None:
    """An owner is a user of the tenant, from the beginning and later."""
    nobody = some_id("none")
    tenant().when(replace(LOG, owner_id=nobody)).rejected(UserNotFound, "ownerId")
    tenant().when(replace(SCHEDULE, owner_id=nobody)).rejected(UserNotFound, "ownerId")
    tenant(SCHEDULED).when(ReassignActivity(id=ACTIVITY, owner_id=nobody)).rejected(UserNotFound, "ownerId")


@pytest.mark.parametrize(("command", "event"), CHANGES, ids=name_of)
def test_an_open_activity_changes(command: Any, event: Any) -> None:
    """Each change is one event, about the same person, and its repeat none."""
    tenant(SCHEDULED).when(command).then(event)
    tenant(SCHEDULED, event).when(command).then()


@pytest.mark.parametrize(("command", "_event"), CHANGES, ids=name_of)
def test_what_was_never_recorded_does_not_change(command: Any, _event: Any) -> None:
    """No change without an activity."""
    tenant().when(command).rejected(ActivityNotFound)


@pytest.mark.parametrize(
    ("history", "rejection", "repeat"),
    [
        ((SCHEDULED, IS_DONE), ActivityIsDone, COMPLETE),
        ((LOGGED,), ActivityIsDone, CompleteActivity(id=ACTIVITY)),
        ((SCHEDULED, IS_CANCELLED), ActivityIsCancelled, CANCEL),
    ],
    ids=["done", "logged", "cancelled"],
)
def test_what_is_over_accepts_nothing_more(history: Any, rejection: Any, repeat: Any) -> None:
    """Only the repeat of what ended it is no error, and no event."""
    tenant(*history).when(repeat).then()
    others = [command for command, _ in CHANGES if command != repeat]
    others += [CompleteActivity(id=ACTIVITY, outcome="other"), CancelActivity(id=ACTIVITY, reason="other")]
    for command in others:
        tenant(*history).when(command).rejected(rejection)


@pytest.mark.parametrize("between", [(), tuple(event for _, event in CHANGES[:3]), (IS_CANCELLED,)])
def test_a_repeat_decides_nothing_whatever_came_between(between: Any) -> None:
    """The same schedule again is a repeat, also of an activity that was moved, done or cancelled."""
    tenant(SCHEDULED, *between).when(SCHEDULE).then()


@pytest.mark.parametrize(("command", "event"), [(LOG, LOGGED), (SCHEDULE, SCHEDULED)], ids=["logged", "scheduled"])
def test_an_id_is_used_once(command: Any, event: Any) -> None:
    """Other content under the same id is refused, and so is the other way of recording it."""
    tenant(event).when(command).then()
    tenant(event).when(replace(command, subject="Other")).rejected(ActivityAlreadyRecorded, "id")
    other = SCHEDULE if command is LOG else LOG
    tenant(event).when(other).rejected(ActivityAlreadyRecorded, "id")


def test_a_moment_is_the_same_in_every_zone() -> None:
    """The same instant in another time zone is no other due date."""
    there = DUE.astimezone(timezone(timedelta(hours=2)))
    tenant(SCHEDULED).when(RescheduleActivity(id=ACTIVITY, due_at=there)).then()


def test_a_due_date_has_a_time_zone() -> None:
    """A moment without a zone is none; the edge refuses it."""
    fields = {**msgspec.to_builtins(SCHEDULE), "due_at": "2017-07-01T09:00:00"}
    with pytest.raises(msgspec.ValidationError, match="timezone"):
        msgspec.convert(fields, ScheduleActivity)
