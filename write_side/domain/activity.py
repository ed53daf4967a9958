"""An activity: logged once it has happened, or scheduled, perhaps moved or handed over, and completed or cancelled."""

from typing import assert_never
from uuid import UUID

import msgspec
from msgspec.structs import asdict, replace

from event_schemas.activity import (
    ActivityCancelled,
    ActivityCompleted,
    ActivityKind,
    ActivityLogged,
    ActivityReassigned,
    ActivityRescheduled,
    ActivityScheduled,
    Minutes,
    Related,
    RelatedKind,
    RelatedTo,
)
from event_schemas.envelope import Instant
from event_schemas.registry import Event
from event_schemas.values import Name, Text
from write_side.domain.decider import Command, Context, Decider, Ref
from write_side.domain.errors import Rejected
from write_side.domain.references import Referable, Standing, absent, named, require

CATEGORY = "activity"
HAPPEN = frozenset({ActivityKind.CALL, ActivityKind.MEETING, ActivityKind.EMAIL, ActivityKind.NOTE})
"""What can have happened without being planned here."""
PLANNED = frozenset({ActivityKind.TASK, ActivityKind.CALL, ActivityKind.MEETING})
PEOPLE = frozenset({RelatedKind.LEAD, RelatedKind.CONTACT})


class NotRecorded(msgspec.Struct, frozen=True):
    """No such activity."""


class Open(msgspec.Struct, frozen=True):
    """It is to happen."""

    scheduled: ActivityScheduled
    due_at: Instant
    owner_id: UUID | None


class Done(msgspec.Struct, frozen=True):
    """It has happened."""

    recorded: ActivityLogged | ActivityScheduled
    outcome: Text | None


class Cancelled(msgspec.Struct, frozen=True):
    """It will not happen."""

    recorded: ActivityScheduled
    reason: Text | None


State = NotRecorded | Open | Done | Cancelled


class LogActivity(Command, frozen=True, kw_only=True):
    """Record a call, meeting, e-mail or note that has happened."""

    kind: ActivityKind
    subject: Name
    body: Text | None = None
    related: RelatedTo = ()
    owner_id: UUID | None = None
    minutes: Minutes | None = None


class ScheduleActivity(Command, frozen=True, kw_only=True):
    """Plan a task, call or meeting."""

    kind: ActivityKind
    subject: Name
    body: Text | None = None
    related: RelatedTo = ()
    owner_id: UUID | None = None
    due_at: Instant


class RescheduleActivity(Command, frozen=True, kw_only=True):
    """Plan it for another moment."""

    due_at: Instant


class ReassignActivity(Command, frozen=True, kw_only=True):
    """Give it to another user, or to nobody."""

    owner_id: UUID | None


class CompleteActivity(Command, frozen=True, kw_only=True):
    """Say that it is done, and what came of it."""

    outcome: Text | None = None


class CancelActivity(Command, frozen=True, kw_only=True):
    """Say that it will not happen."""

    reason: Text | None = None


Creation = LogActivity | ScheduleActivity
Change = RescheduleActivity | ReassignActivity | CompleteActivity | CancelActivity
Commands = Creation | Change


class ActivityNotFound(Rejected):
    """The activity was never recorded, or belongs to somebody else."""


class ActivityAlreadyRecorded(Rejected):
    """An activity with this id was recorded with other content."""

    field = "id"


class ActivityNotForLogging(Rejected):
    """A task is scheduled and then completed; it does not just happen."""

    field = "kind"


class ActivityNotForScheduling(Rejected):
    """Notes and e-mails are recorded when they are written; they are not planned."""

    field = "kind"


class ActivityIsDone(Rejected):
    """What is done accepts nothing more."""


class ActivityIsCancelled(Rejected):
    """What was cancelled accepts nothing more."""


initial_state: State = NotRecorded()


def evolve(state: State, _entity: UUID, event: Event) -> State:
    """State after an event."""
    match state, event:
        case NotRecorded(), ActivityLogged():
            return Done(event, None)
        case NotRecorded(), ActivityScheduled():
            return Open(event, event.due_at, event.owner_id)
        case Open(), ActivityRescheduled():
            return replace(state, due_at=event.due_at)
        case Open(), ActivityReassigned():
            return replace(state, owner_id=event.owner_id)
        case Open(scheduled), ActivityCompleted():
            return Done(scheduled, event.outcome)
        case Open(scheduled), ActivityCancelled():
            return Cancelled(scheduled, event.reason)
        case ((NotRecorded() | Open() | Done() | Cancelled()), _):
            return state
        case _:
            assert_never(state)


def reads(command: Commands, _state: State) -> tuple[Ref, ...]:
    """The owner, and what the activity is about."""
    match command:
        case LogActivity() | ScheduleActivity():
            related = (Ref(each.kind, each.id) for each in command.related)
            return (*named(user=command.owner_id), *dict.fromkeys(related))
        case ReassignActivity():
            return named(user=command.owner_id)
        case _:
            return ()


def decide(command: Commands, state: State, context: Context) -> tuple[Event, ...]:
    """Events of a command; () when the activity already is as the command wants it."""
    match state:
        case NotRecorded():
            return _record(command, context)
        case Open():
            return _decide_open(command, state, context)
        case Done() | Cancelled():
            return _decide_closed(command, state)
        case _:
            assert_never(state)


def _record(command: Commands, context: Context) -> tuple[Event, ...]:
    match command:
        case LogActivity():
            if command.kind not in HAPPEN:
                raise ActivityNotForLogging(f"a {command.kind} is not logged: schedule it, then complete it")
            _check_exist(command.related, context)
        case ScheduleActivity():
            if command.kind not in PLANNED:
                raise ActivityNotForScheduling(f"a {command.kind} is not scheduled: log it when it is written")
            for index, each in enumerate(command.related):
                require(context, each.kind, each.id, field=f"related.{index}.id")
        case _:
            raise ActivityNotFound(f"activity {command.id} does not exist: log or schedule it first")
    require(context, "user", command.owner_id, field="ownerId")
    return (_recorded(command),)


def _check_exist(related: RelatedTo, context: Context) -> None:
    """What has happened may be about an entity that is withdrawn since, but not about one that never was."""
    for index, each in enumerate(related):
        state: Referable = context.related[Ref(each.kind, each.id)]
        if state.standing is Standing.ABSENT:
            raise absent(each.kind, each.id, field=f"related.{index}.id")


def _recorded(command: Creation) -> ActivityLogged | ActivityScheduled:
    fields = asdict(command)
    del fields["id"]
    fields["related"] = related = tuple(dict.fromkeys(command.related))
    fields["person_id"] = _person(related)
    return ActivityLogged(**fields) if isinstance(command, LogActivity) else ActivityScheduled(**fields)


def _record_again(command: Creation, recorded: ActivityLogged | ActivityScheduled) -> tuple[Event, ...]:
    """A repeat decides nothing, whatever the activity went through since."""
    if _recorded(command) != recorded:
        raise ActivityAlreadyRecorded(f"activity {command.id} was recorded with other content: take another id")
    return ()


def _person(related: tuple[Related, ...]) -> UUID | None:
    """Whose personal data the words are: the first person that the activity is about."""
    return next((each.id for each in related if each.kind in PEOPLE), None)


def _decide_open(command: Commands, state: Open, context: Context) -> tuple[Event, ...]:
    match command:
        case LogActivity() | ScheduleActivity():
            return _record_again(command, state.scheduled)
        case RescheduleActivity(due_at=due_at):
            return () if due_at == state.due_at else (ActivityRescheduled(due_at=due_at),)
        case ReassignActivity(owner_id=owner):
            if owner == state.owner_id:
                return ()
            require(context, "user", owner, field="ownerId")
            return (ActivityReassigned(owner_id=owner),)
        case CompleteActivity(outcome=outcome):
            return (ActivityCompleted(outcome=outcome, person_id=state.scheduled.person_id),)
        case CancelActivity(reason=reason):
            return (ActivityCancelled(reason=reason, person_id=state.scheduled.person_id),)
        case _:
            assert_never(command)


def _decide_closed(command: Commands, state: Done | Cancelled) -> tuple[Event, ...]:
    match command, state:
        case ((LogActivity() | ScheduleActivity()), _):
            return _record_again(command, state.recorded)
        case (CompleteActivity(outcome=words), Done(outcome=known)) | (
            CancelActivity(reason=words),
            Cancelled(reason=known),
        ) if words == known:
            return ()
    if isinstance(state, Done):
        raise ActivityIsDone("the activity is done: log or schedule another one")
    raise ActivityIsCancelled("the activity was cancelled: schedule another one")


DECIDER: Decider[Commands, State] = Decider(
    category=CATEGORY, initial_state=initial_state, evolve=evolve, decide=decide, reads=reads
)
