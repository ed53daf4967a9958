"""What is known of a lead, whatever became of it: who it is, who follows it, its score and its last note."""

from typing import assert_never
from uuid import UUID

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from event_schemas.lead import (
    LeadAbsorbed,
    LeadCaptured,
    LeadDetailsChanged,
    LeadNoted,
    LeadOwnerAssigned,
    LeadScored,
)
from event_schemas.people import Attributes, Person
from event_schemas.registry import Event
from event_schemas.values import Text
from write_side.domain import people
from write_side.domain.decider import Context
from write_side.domain.errors import Rejected
from write_side.domain.lead_commands import AddLeadNote, AssignLeadOwner, CaptureLead, ChangeLeadDetails, ScoreLead
from write_side.domain.references import require

Change = ChangeLeadDetails | AssignLeadOwner | ScoreLead | AddLeadNote
_BUSINESS = ("company", "source", "campaign")


class LeadNotIdentified(Rejected):
    """A lead has at least a name, an e-mail address, a phone number or an external id."""


class LeadAlreadyCaptured(Rejected):
    """A lead with this id was captured with other content."""

    field = "id"


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """What every lead has that was ever captured."""

    captured: LeadCaptured
    now: LeadCaptured
    """What holds now, in the shape in which it was captured."""
    score: LeadScored | None = None
    note: Text | None = None
    """The last one."""
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
        case LeadDetailsChanged():
            sent = {name: value for name in _BUSINESS if (value := getattr(event, name)) is not UNSET}
            return replace(details, now=_with_personal(replace(details.now, **sent), details, event))
        case LeadOwnerAssigned():
            return replace(details, now=replace(details.now, owner_id=event.owner_id))
        case LeadScored():
            return replace(details, score=event)
        case LeadNoted():
            return replace(details, note=event.text)
        case LeadAbsorbed():
            company = details.now.company if event.company is UNSET else event.company
            now = _with_personal(replace(details.now, company=company), details, event)
            return replace(details, now=now, absorbed=details.absorbed | {event.merged_id})
        case _:
            return details


def _with_personal(now: LeadCaptured, before: Details, event: LeadDetailsChanged | LeadAbsorbed) -> LeadCaptured:
    return replace(
        now,
        person=people.with_change(before.person, event.person),
        attributes=people.with_attributes(before.attributes, event.attributes),
    )


def capture(command: CaptureLead) -> LeadCaptured:
    """What the command says of a lead; raises LeadNotIdentified, AttributeNamedTwice."""
    person = people.person_of(command)
    if not people.is_identified(person, command.external_id):
        raise LeadNotIdentified("nothing tells who it is: send a name, an email, a phone or an externalId")
    return LeadCaptured(
        person=person,
        company=command.company,
        source=command.source,
        campaign=command.campaign,
        external_id=command.external_id,
        attributes=people.attributes_of(command.attributes),
        owner_id=command.owner_id,
    )


def capture_again(command: CaptureLead, captured: LeadCaptured) -> tuple[Event, ...]:
    """A repeat decides nothing, whatever the lead went through since; raises LeadAlreadyCaptured."""
    again = capture(command)
    same_person = people.is_same(again.person or people.NOBODY, captured.person or people.NOBODY)
    if not same_person or replace(again, person=captured.person) != captured:
        raise LeadAlreadyCaptured(f"lead {command.id} was captured with other content: change it, or take another id")
    return ()


def change(command: Change, details: Details, context: Context) -> tuple[Event, ...]:
    """Events of a change; () when the lead already is as the command wants it."""
    match command:
        case ChangeLeadDetails():
            return _change_details(command, details)
        case AssignLeadOwner(owner_id=owner):
            if owner == details.now.owner_id:
                return ()
            require(context, "user", owner, field="ownerId")
            return (LeadOwnerAssigned(owner_id=owner),)
        case ScoreLead():
            scored = LeadScored(score=command.score, model=command.model, reasons=command.reasons)
            return () if scored == details.score else (scored,)
        case AddLeadNote(text=text):
            return () if text == details.note else (LeadNoted(text=text),)
        case _:
            assert_never(command)


def _change_details(command: ChangeLeadDetails, details: Details) -> tuple[Event, ...]:
    now = details.now
    sent = {name: value for name in _BUSINESS if (value := getattr(command, name)) is not UNSET}
    changed = LeadDetailsChanged(
        **{name: value for name, value in sent.items() if value != getattr(now, name)},
        person=people.change_of(command, details.person),
        attributes=people.attribute_changes(command.attributes, details.attributes),
    )
    if changed == LeadDetailsChanged():
        return ()
    if _identified(details) and not _identified(evolve(details, changed)):
        raise LeadNotIdentified("nothing would tell who the lead is: keep a name, an email or a phone")
    return (changed,)


def _identified(details: Details) -> bool:
    return people.is_identified(details.person, details.now.external_id)


def absorb(merged_id: UUID, details: Details, other: Details) -> tuple[Event, ...]:
    """What only the other lead knew; once for each."""
    if merged_id in details.absorbed:
        return ()
    company = other.now.company if details.now.company is None else None
    return (
        LeadAbsorbed(
            merged_id=merged_id,
            person=people.lacking(details.person, other.person),
            company=UNSET if company is None else company,
            attributes=people.lacking_attributes(details.attributes, other.attributes),
        ),
    )
