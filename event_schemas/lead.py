"""Events of a lead. Whatever says who the person is, is sealed under the lead's own key."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from event_schemas.people import Attributes, Person, PersonChange
from event_schemas.registry import Event, event
from event_schemas.values import Money, Name, Text

Score = Annotated[int, msgspec.Meta(ge=0, le=100)]
"""How likely a lead is to become a customer, in whole points of 100."""

Reasons = Annotated[tuple[Text, ...], msgspec.Meta(max_length=50)]


class DisqualificationReason(StrEnum):
    """Why a lead is not worth following."""

    NO_INTEREST = "no_interest"
    NO_BUDGET = "no_budget"
    NO_FIT = "no_fit"
    NOT_REACHED = "not_reached"
    INVALID_DATA = "invalid_data"
    DUPLICATE = "duplicate"
    OTHER = "other"


class ConversionStep(StrEnum):
    """What a conversion makes or links, in this order."""

    ACCOUNT = "account"
    CONTACT = "contact"
    DEAL = "deal"


class Target(msgspec.Struct, frozen=True):
    """What a lead becomes: something that exists, or something that is to be created under this id."""

    id: UUID
    new: bool


class DealTarget(msgspec.Struct, frozen=True, kw_only=True):
    """The deal that a lead becomes; the rest says what a new one begins as."""

    id: UUID
    new: bool
    name: Name | None
    pipeline_id: UUID | None
    amount: Money | None


@event("lead.captured", personal=("person", "attributes"))
class LeadCaptured(Event, frozen=True, kw_only=True):
    """Somebody might buy."""

    person: Person | None
    company: Name | None
    source: Name | None
    campaign: Name | None
    external_id: Name | None
    attributes: Attributes | None
    owner_id: UUID | None


@event("lead.details_changed", personal=("person", "attributes"))
class LeadDetailsChanged(Event, frozen=True, kw_only=True):
    """Some details changed; only what changed is in the event."""

    person: PersonChange | None | UnsetType = UNSET
    company: Name | None | UnsetType = UNSET
    source: Name | None | UnsetType = UNSET
    campaign: Name | None | UnsetType = UNSET
    attributes: Attributes | None | UnsetType = UNSET


@event("lead.owner_assigned")
class LeadOwnerAssigned(Event, frozen=True, kw_only=True):
    """Another user, or nobody, follows the lead."""

    owner_id: UUID | None


@event("lead.scored")
class LeadScored(Event, frozen=True, kw_only=True):
    """A model, or a person, said how likely the lead is to buy. What it said is kept, so that no replay asks again."""

    score: Score
    model: Name
    reasons: Reasons


@event("lead.qualified")
class LeadQualified(Event, frozen=True, kw_only=True):
    """The lead is worth selling to."""


@event("lead.disqualified")
class LeadDisqualified(Event, frozen=True, kw_only=True):
    """The lead is not worth following."""

    reason: DisqualificationReason
    detail: Text


@event("lead.reopened")
class LeadReopened(Event, frozen=True, kw_only=True):
    """A qualified or disqualified lead is looked at anew."""


@event("lead.noted", personal=("text",))
class LeadNoted(Event, frozen=True, kw_only=True):
    """Somebody wrote something down about the lead."""

    text: Text | None


@event("lead.converted")
class LeadConverted(Event, frozen=True, kw_only=True):
    """The lead became a customer. What is new is created afterwards, and reported by one of the next two events."""

    account: Target | None
    contact: Target | None
    deal: DealTarget | None


@event("lead.conversion_completed")
class LeadConversionCompleted(Event, frozen=True, kw_only=True):
    """All that the lead became is there."""

    account_id: UUID | None
    contact_id: UUID | None
    deal_id: UUID | None


@event("lead.conversion_failed")
class LeadConversionFailed(Event, frozen=True, kw_only=True):
    """Something that the lead was to become could not be created; the steps before it are done."""

    step: ConversionStep
    code: Name
    reason: Text


@event("lead.merged")
class LeadMerged(Event, frozen=True, kw_only=True):
    """The lead is the same as another, which goes on."""

    into_id: UUID


@event("lead.absorbed", personal=("person", "attributes"))
class LeadAbsorbed(Event, frozen=True, kw_only=True):
    """Another lead was merged into this one; what only the other one knew is taken over."""

    merged_id: UUID
    person: PersonChange | None | UnsetType = UNSET
    company: Name | None | UnsetType = UNSET
    attributes: Attributes | None | UnsetType = UNSET


@event("lead.archived")
class LeadArchived(Event, frozen=True, kw_only=True):
    """The lead is kept, but followed no more, and shown only on request."""


@event("lead.restored")
class LeadRestored(Event, frozen=True, kw_only=True):
    """An archived lead is back as it was."""
