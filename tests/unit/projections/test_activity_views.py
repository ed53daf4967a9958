"""The views of activities: exactly these changes for these events."""

from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

from event_schemas.activity import (
    ActivityCancelled,
    ActivityCompleted,
    ActivityReassigned,
    ActivityRescheduled,
    Related,
    RelatedKind,
)
from event_schemas.registry import Event
from projections.changes import Change, Increment, Put, Row
from projections.views import activity_counts, activity_list
from tests.support.customers import call_logged, task_scheduled
from tests.support.events import DEMO, NOON, Log, some_id
from tests.support.projecting import changes_of

CALL = some_id("call")
ADA, BO = some_id("ada"), some_id("bo")
LEAD = Related(RelatedKind.LEAD, some_id("lead"))
DEAL = Related(RelatedKind.DEAL, some_id("deal"))
SCHEDULED_ROW: Row = {
    "tenant": DEMO,
    "id": CALL,
    "name": "Send the offer",
    "kind": "task",
    "subject": "Send the offer",
    "body": None,
    "status": "open",
    "owner_id": ADA,
    "person_id": None,
    "due_at": NOON + timedelta(days=1),
    "minutes": None,
    "outcome": None,
    "reason": None,
    "created_at": NOON,
    "done_at": None,
    "version": 1,
    "position": 1,
}


def activity(*events: Event) -> Log:
    """One activity, an event a minute."""
    log = Log()
    for event in events:
        log.append("activity", CALL, event)
    return log


def listed(row: Row) -> Put:
    """A row of the list."""
    return Put("activity_list", (DEMO, CALL), row)


def about(related: Related) -> Put:
    """A row of what the activity is about."""
    row: Row = {"tenant": DEMO, "activity_id": CALL, "kind": related.kind, "entity_id": related.id}
    return Put("activity_related", (DEMO, CALL, related.kind, related.id), row)


def test_activity_list_shows_a_logged_one_as_done() -> None:
    """When it happened; with what it is about, each once."""
    log = activity(call_logged(LEAD, DEAL, LEAD, person=LEAD.id))
    logged: Row = {"name": "Called", "kind": "call", "subject": "Called", "body": "They “think”", "status": "done"}
    row = SCHEDULED_ROW | logged | {"owner_id": None, "person_id": LEAD.id, "due_at": None, "minutes": 15}
    assert changes_of(activity_list, log.events) == [(listed(row | {"done_at": NOON}), about(LEAD), about(DEAL))]


def test_activity_list_shows_what_became_of_a_scheduled_one() -> None:
    """Due at another time, of another owner, done with its outcome."""
    due = NOON + timedelta(days=9)
    log = activity(
        task_scheduled(LEAD, owner=ADA),
        ActivityRescheduled(due_at=due),
        ActivityReassigned(owner_id=BO),
        ActivityCompleted(outcome="bought", person_id=None),
    )
    later = SCHEDULED_ROW | {"due_at": due, "version": 2, "position": 2}
    other = later | {"owner_id": BO, "version": 3, "position": 3}
    done: Row = {"status": "done", "outcome": "bought", "done_at": NOON + timedelta(minutes=3)}
    assert changes_of(activity_list, log.events) == [
        (listed(SCHEDULED_ROW), about(LEAD)),
        (listed(later),),
        (listed(other),),
        (listed(other | done | {"version": 4, "position": 4}),),
    ]


def test_activity_list_shows_why_one_was_cancelled() -> None:
    """It is not done."""
    log = activity(task_scheduled(owner=ADA), ActivityCancelled(reason="ill", person_id=None))
    row = SCHEDULED_ROW | {"status": "cancelled", "reason": "ill", "version": 2, "position": 2}
    assert changes_of(activity_list, log.events)[1] == (listed(row),)


def test_activity_list_shows_an_activity_whose_words_were_erased() -> None:
    """It has no name; the rest stays."""
    (stored,) = activity(call_logged(LEAD, person=LEAD.id)).events
    erased = type(stored)(**{name: getattr(stored, name) for name in stored.__struct_fields__} | {"key": None})
    (put, *_) = changes_of(activity_list, [erased])[0]
    assert isinstance(put, Put)
    assert (put.row["name"], put.row["subject"], put.row["body"], put.row["minutes"]) == ("", None, None, 15)


def counted(owner: UUID, kind: str, day: date) -> tuple[Change, ...]:
    """One more."""
    return (Increment("activity_counts", (DEMO, owner, kind, day), {"done": 1}),)


def test_activity_counts_counts_an_activity_when_it_is_done_and_once() -> None:
    """Logged or completed; for its owner of then; what comes after changes nothing."""
    day = NOON.date()
    done = ActivityCompleted(outcome=None, person_id=None)
    log = activity(call_logged(owner=ADA), ActivityReassigned(owner_id=BO), done)
    assert changes_of(activity_counts, log.events) == [counted(ADA, "call", day), (), ()]
    log = activity(task_scheduled(owner=ADA), ActivityReassigned(owner_id=BO), done, done)
    assert changes_of(activity_counts, log.events) == [(), (), counted(BO, "task", day), ()]


def test_activity_counts_counts_no_activity_that_was_cancelled() -> None:
    """It did not happen."""
    log = activity(task_scheduled(owner=ADA), ActivityCancelled(reason=None, person_id=None))
    assert changes_of(activity_counts, log.events) == [(), ()]


def test_activity_counts_takes_the_day_in_utc_and_nobody_as_an_owner() -> None:
    """An hour after midnight in Berlin is the day before."""
    log = Log()
    late = datetime(2017, 7, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    log.append("activity", CALL, call_logged(), occurred_at=late)
    assert late.astimezone(UTC).date() == date(2017, 6, 30)
    assert changes_of(activity_counts, log.events) == [counted(UUID(int=0), "call", date(2017, 6, 30))]
