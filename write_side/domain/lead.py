"""A lead: captured, judged, and in the end converted, merged into another, or let go."""

from typing import ClassVar, assert_never
from uuid import UUID

import msgspec
from msgspec.structs import replace

from event_schemas.lead import (
    LeadAbsorbed,
    LeadArchived,
    LeadCaptured,
    LeadConversionCompleted,
    LeadConversionFailed,
    LeadConverted,
    LeadDisqualified,
    LeadMerged,
    LeadQualified,
    LeadReopened,
    LeadRestored,
)
from event_schemas.registry import Event
from write_side.domain import lead_conversion, lead_details
from write_side.domain.decider import Context, Decider, Ref
from write_side.domain.errors import Rejected
from write_side.domain.lead_commands import (
    AbsorbLead,
    ArchiveLead,
    AssignLeadOwner,
    CaptureLead,
    CompleteLeadConversion,
    ConvertLead,
    DisqualifyLead,
    FailLeadConversion,
    MergeLead,
    QualifyLead,
    ReopenLead,
    RestoreLead,
)
from write_side.domain.lead_details import Details
from write_side.domain.references import (
    LeadIsArchived,
    LeadIsMerged,
    Standing,
    absent,
    named,
    require,
)

CATEGORY = "lead"


class NotCaptured(msgspec.Struct, frozen=True):
    """No such lead."""

    standing: ClassVar = Standing.ABSENT


class New(msgspec.Struct, frozen=True):
    """Nobody has judged it."""

    standing: ClassVar = Standing.ACTIVE
    details: Details


class Qualified(msgspec.Struct, frozen=True):
    """It is worth selling to."""

    standing: ClassVar = Standing.ACTIVE
    details: Details


class Disqualified(msgspec.Struct, frozen=True):
    """It is not worth following."""

    standing: ClassVar = Standing.ACTIVE
    details: Details
    judged: LeadDisqualified


Open = New | Qualified | Disqualified


class Archived(msgspec.Struct, frozen=True):
    """It is kept, but followed no more."""

    standing: ClassVar = Standing.WITHDRAWN
    details: Details
    before: Open
    """What it was; of its details, those above are the newer ones."""


class Converted(msgspec.Struct, frozen=True):
    """It became a customer; without a settlement, what is new is still being created."""

    standing: ClassVar = Standing.CONVERTED
    details: Details
    conversion: LeadConverted
    settlement: lead_conversion.Settlement | None = None


class Merged(msgspec.Struct, frozen=True):
    """It is the same as another, which goes on."""

    standing: ClassVar = Standing.MERGED
    details: Details
    into_id: UUID


Known = Open | Archived | Converted | Merged
State = NotCaptured | Known
Judging = QualifyLead | DisqualifyLead | ReopenLead
Later = lead_details.Change | Judging | ConvertLead | lead_conversion.Settling | MergeLead | ArchiveLead | RestoreLead
Commands = CaptureLead | AbsorbLead | Later


class LeadIsDisqualified(Rejected):
    """A disqualified lead is reopened before it is judged again."""


class LeadNotQualified(Rejected):
    """Only a qualified lead converts."""


class LeadNotConverted(Rejected):
    """Only the conversion of a converted lead is completed, or fails."""


class LeadMergedIntoItself(Rejected):
    """A lead is merged into another one."""

    field = "intoId"


class LeadNotMergedHere(Rejected):
    """A lead takes over only from one that was merged into it."""

    field = "mergedId"


initial_state: State = NotCaptured()


def evolve(state: State, _entity: UUID, event: Event) -> State:
    """State after an event."""
    match state, event:
        case NotCaptured(), LeadCaptured():
            return New(Details(captured=event, now=event))
        case ((New() | Qualified() | Disqualified()), _):
            return _evolve_open(state, event)
        case ((Archived() | Converted() | Merged()), LeadAbsorbed()):
            return replace(state, details=lead_details.evolve(state.details, event))
        case Archived(), LeadRestored():
            return replace(state.before, details=state.details)
        case Converted(), (LeadConversionCompleted() | LeadConversionFailed()):
            return replace(state, settlement=event)
        case Converted(), LeadConverted():
            return Converted(state.details, event)
        case ((NotCaptured() | Archived() | Converted() | Merged()), _):
            return state
        case _:
            assert_never(state)


def _evolve_open(state: Open, event: Event) -> State:
    match event:
        case LeadQualified():
            return Qualified(state.details)
        case LeadDisqualified():
            return Disqualified(state.details, event)
        case LeadReopened():
            return New(state.details)
        case LeadConverted():
            return Converted(state.details, event)
        case LeadMerged(into_id=into):
            return Merged(state.details, into)
        case LeadArchived():
            return Archived(state.details, state)
        case _:
            return replace(state, details=lead_details.evolve(state.details, event))


def reads(command: Commands, _state: State) -> tuple[Ref, ...]:
    """Whatever the command names."""
    match command:
        case CaptureLead() | AssignLeadOwner():
            return named(user=command.owner_id)
        case ConvertLead():
            return lead_conversion.reads(command)
        case MergeLead():
            return named(lead=command.into_id)
        case AbsorbLead():
            return named(lead=command.merged_id)
        case _:
            return ()


def relies_on(command: Commands) -> tuple[Ref, ...]:
    """Two that are merged into one another at the same moment would both be gone."""
    return named(lead=command.into_id) if isinstance(command, MergeLead) else ()


def decide(command: Commands, state: State, context: Context) -> tuple[Event, ...]:
    """Events of a command; () when the lead already is as the command wants it."""
    match state, command:
        case NotCaptured(), CaptureLead():
            captured = lead_details.capture(command)
            require(context, "user", command.owner_id, field="ownerId")
            return (captured,)
        case NotCaptured(), _:
            raise absent(CATEGORY, command.id)
        case _, CaptureLead():
            return lead_details.capture_again(command, state.details.captured)
        case _, AbsorbLead():
            return _absorb(command, state, context)
        case ((New() | Qualified() | Disqualified()), _):
            return _decide_open(command, state, context)
        case Archived(), ArchiveLead():
            return ()
        case Archived(), RestoreLead():
            return (LeadRestored(),)
        case Archived(), _:
            raise LeadIsArchived("the lead is archived: restore it first")
        case Converted(details, conversion, settlement), _:
            return lead_conversion.decide(command, details.now.company, conversion, settlement, context)
        case Merged(into_id=into), _:
            if isinstance(command, MergeLead) and command.into_id == into:
                return ()
            raise LeadIsMerged(f"the lead was merged into {into}: work with that one")
        case _:
            assert_never(state)


def _absorb(command: AbsorbLead, state: Known, context: Context) -> tuple[Event, ...]:
    """Also of a lead that was closed in between: nothing that was known is lost."""
    other: State = context.related[Ref(CATEGORY, command.merged_id)]
    if not isinstance(other, Merged) or other.into_id != command.id:
        raise LeadNotMergedHere(f"lead {command.merged_id} was not merged into this one: merge it first")
    return lead_details.absorb(command.merged_id, state.details, other.details)


def _decide_open(command: Later, state: Open, context: Context) -> tuple[Event, ...]:
    match command:
        case QualifyLead() | DisqualifyLead() | ReopenLead():
            return _judge(command, state)
        case ConvertLead():
            if not isinstance(state, Qualified):
                raise LeadNotQualified("only a qualified lead converts: qualify it first")
            return (lead_conversion.convert(command, state.details.now.company, context),)
        case CompleteLeadConversion() | FailLeadConversion():
            raise LeadNotConverted("the lead is not converted: convert it first")
        case MergeLead(into_id=into):
            if into == command.id:
                raise LeadMergedIntoItself("a lead cannot be merged into itself: name the one that goes on")
            require(context, CATEGORY, into, field="intoId")
            return (LeadMerged(into_id=into),)
        case ArchiveLead():
            return (LeadArchived(),)
        case RestoreLead():
            return ()
        case _:
            return lead_details.change(command, state.details, context)


def _judge(command: Judging, state: Open) -> tuple[Event, ...]:
    match command, state:
        case QualifyLead(), New():
            return (LeadQualified(),)
        case DisqualifyLead(), (New() | Qualified()):
            return (LeadDisqualified(reason=command.reason, detail=command.detail),)
        case ReopenLead(), (Qualified() | Disqualified()):
            return (LeadReopened(),)
        case DisqualifyLead(), Disqualified(judged=judged):
            if (command.reason, command.detail) != (judged.reason, judged.detail):
                raise LeadIsDisqualified("the lead is disqualified for another reason: reopen it first")
        case QualifyLead(), Disqualified():
            raise LeadIsDisqualified("the lead is disqualified: reopen it first")
    return ()


DECIDER: Decider[Commands, State] = Decider(
    category=CATEGORY,
    initial_state=initial_state,
    evolve=evolve,
    decide=decide,
    reads=reads,
    relies_on=relies_on,
)
