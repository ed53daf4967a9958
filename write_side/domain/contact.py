"""A contact: a person whom we know, until they are archived or merged into another. It alone has its e-mail address."""

from typing import ClassVar, assert_never
from uuid import UUID

import msgspec
from msgspec.structs import replace

from event_schemas.contact import (
    ContactAccountLinked,
    ContactAccountUnlinked,
    ContactArchived,
    ContactConsentGiven,
    ContactConsentWithdrawn,
    ContactCreated,
    ContactMerged,
    ContactOwnerAssigned,
    ContactRelated,
    ContactRestored,
    ContactUnrelated,
)
from event_schemas.people import normal_email
from event_schemas.registry import Event
from write_side.domain import contact_details
from write_side.domain.contact_commands import (
    AbsorbContact,
    ArchiveContact,
    AssignContactOwner,
    ChangeContactDetails,
    CreateContact,
    GiveContactConsent,
    LinkContactAccount,
    MergeContact,
    RelateContact,
    RestoreContact,
    UnlinkContactAccount,
    UnrelateContact,
    WithdrawContactConsent,
)
from write_side.domain.contact_details import Details
from write_side.domain.decider import Context, Decider, Ref
from write_side.domain.errors import Rejected
from write_side.domain.references import (
    ContactIsArchived,
    ContactIsMerged,
    Referable,
    Standing,
    absent,
    named,
    require,
)

CATEGORY = "contact"


class NotCreated(msgspec.Struct, frozen=True):
    """No such contact."""

    standing: ClassVar = Standing.ABSENT


class Active(msgspec.Struct, frozen=True):
    """It is worked with."""

    standing: ClassVar = Standing.ACTIVE
    details: Details


class Archived(msgspec.Struct, frozen=True):
    """It is kept, but worked with no more."""

    standing: ClassVar = Standing.WITHDRAWN
    details: Details


class Merged(msgspec.Struct, frozen=True):
    """It is the same person as another, which goes on."""

    standing: ClassVar = Standing.MERGED
    details: Details
    into_id: UUID


Known = Active | Archived | Merged
State = NotCreated | Known
Linking = LinkContactAccount | UnlinkContactAccount | RelateContact | UnrelateContact
Consenting = GiveContactConsent | WithdrawContactConsent
Change = ChangeContactDetails | AssignContactOwner | Linking | Consenting
Later = Change | ArchiveContact | RestoreContact | MergeContact
Commands = CreateContact | AbsorbContact | Later


class ContactRelatedToItself(Rejected):
    """A contact is related to another one."""

    field = "otherId"


class ContactMergedIntoItself(Rejected):
    """A contact is merged into another one."""

    field = "intoId"


class ContactNotMergedHere(Rejected):
    """A contact takes over only from one that was merged into it."""

    field = "mergedId"


initial_state: State = NotCreated()


def evolve(state: State, _entity: UUID, event: Event) -> State:
    """State after an event."""
    match state, event:
        case NotCreated(), ContactCreated():
            return Active(Details(created=event, now=event))
        case Active(details), ContactArchived():
            return Archived(details)
        case Active(details), ContactMerged():
            return Merged(details, event.into_id)
        case Archived(details), ContactRestored():
            return Active(details)
        case ((Active() | Archived() | Merged()), _):
            return replace(state, details=contact_details.evolve(state.details, event))
        case NotCreated(), _:
            return state
        case _:
            assert_never(state)


def holds(state: State) -> frozenset[str]:
    """The e-mail address that nobody else may have while the contact is worked with."""
    email = state.details.person.email if isinstance(state, Active) else None
    return frozenset() if email is None else frozenset({normal_email(email)})


def reads(command: Commands, _state: State) -> tuple[Ref, ...]:
    """Whatever the command names."""
    match command:
        case CreateContact():
            return named(user=command.owner_id, lead=command.lead_id)
        case AssignContactOwner():
            return named(user=command.owner_id)
        case LinkContactAccount():
            return named(account=command.account_id)
        case RelateContact():
            return named(contact=command.other_id)
        case MergeContact():
            return named(contact=command.into_id)
        case AbsorbContact():
            return named(contact=command.merged_id)
        case _:
            return ()


def relies_on(command: Commands) -> tuple[Ref, ...]:
    """Two that are merged into one another at the same moment would both be gone."""
    return named(contact=command.into_id) if isinstance(command, MergeContact) else ()


def decide(command: Commands, state: State, context: Context) -> tuple[Event, ...]:
    """Events of a command; () when the contact already is as the command wants it."""
    match state, command:
        case NotCreated(), CreateContact():
            return _create(command, context)
        case NotCreated(), _:
            raise absent(CATEGORY, command.id)
        case _, CreateContact():
            return contact_details.create_again(command, state.details.created)
        case _, AbsorbContact():
            return _absorb(command, state, context)
        case Active(details), _:
            return _decide_active(command, details, context)
        case Archived(), _:
            return _decide_archived(command)
        case Merged(into_id=into), _:
            if isinstance(command, MergeContact) and command.into_id == into:
                return ()
            raise ContactIsMerged(f"the contact was merged into {into}: work with that one")
        case _:
            assert_never(state)


def _create(command: CreateContact, context: Context) -> tuple[Event, ...]:
    created = contact_details.create(command)
    require(context, "user", command.owner_id, field="ownerId")
    if command.lead_id is not None:
        lead: Referable = context.related[Ref("lead", command.lead_id)]
        if lead.standing is Standing.ABSENT:  # a converted one is just what is meant
            raise absent("lead", command.lead_id, field="leadId")
    return (created,)


def _absorb(command: AbsorbContact, state: Known, context: Context) -> tuple[Event, ...]:
    """Also of a contact that was closed in between: nothing that was known is lost."""
    merged = command.merged_id
    other: State = context.related[Ref(CATEGORY, merged)]
    if not isinstance(other, Merged) or other.into_id != command.id:
        raise ContactNotMergedHere(f"contact {merged} was not merged into this one: merge it first")
    return contact_details.absorb(
        merged, state.details, other.details, own_id=command.id, with_email=command.with_email
    )


def _decide_active(command: Later, details: Details, context: Context) -> tuple[Event, ...]:
    match command:
        case MergeContact(into_id=into):
            if into == command.id:
                raise ContactMergedIntoItself("a contact cannot be merged into itself: name the one that goes on")
            require(context, CATEGORY, into, field="intoId")
            return (ContactMerged(into_id=into),)
        case ArchiveContact():
            return (ContactArchived(),)
        case RestoreContact():
            return ()
        case ChangeContactDetails():
            return contact_details.change(command, details)
        case AssignContactOwner(owner_id=owner):
            if owner == details.now.owner_id:
                return ()
            require(context, "user", owner, field="ownerId")
            return (ContactOwnerAssigned(owner_id=owner),)
        case GiveContactConsent() | WithdrawContactConsent():
            return _consent(command, details)
        case _:
            return _link(command, details, context)


def _link(command: Linking, details: Details, context: Context) -> tuple[Event, ...]:
    match command:
        case LinkContactAccount(account_id=account, role=role):
            if account in details.accounts and details.accounts[account] == role:
                return ()
            require(context, "account", account, field="accountId")
            return (ContactAccountLinked(account_id=account, role=role),)
        case UnlinkContactAccount(account_id=account):
            return (ContactAccountUnlinked(account_id=account),) if account in details.accounts else ()
        case RelateContact(other_id=other, relation=relation):
            if (other, relation) in details.relations:
                return ()
            if other == command.id:
                raise ContactRelatedToItself("nobody is related to themself: name another contact")
            require(context, CATEGORY, other, field="otherId")
            return (ContactRelated(other_id=other, relation=relation),)
        case UnrelateContact(other_id=other, relation=relation):
            known = (other, relation) in details.relations
            return (ContactUnrelated(other_id=other, relation=relation),) if known else ()
        case _:
            assert_never(command)


def _consent(command: Consenting, details: Details) -> tuple[Event, ...]:
    channel, purpose = command.channel, command.purpose
    evidence = command.evidence if isinstance(command, GiveContactConsent) else None
    if (channel, purpose) in details.consents and details.consents[channel, purpose] == evidence:
        return ()
    if evidence is None:
        return (ContactConsentWithdrawn(channel=channel, purpose=purpose),)
    return (ContactConsentGiven(channel=channel, purpose=purpose, evidence=evidence),)


def _decide_archived(command: Later) -> tuple[Event, ...]:
    match command:
        case ArchiveContact():
            return ()
        case RestoreContact():
            return (ContactRestored(),)
        case _:
            raise ContactIsArchived("the contact is archived: restore it first")


DECIDER: Decider[Commands, State] = Decider(
    category=CATEGORY,
    initial_state=initial_state,
    evolve=evolve,
    decide=decide,
    reads=reads,
    relies_on=relies_on,
    holds=holds,
)
