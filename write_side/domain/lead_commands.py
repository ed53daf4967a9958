"""What can be asked of a lead."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from event_schemas.lead import ConversionStep, DisqualificationReason, Reasons, Score
from event_schemas.people import Attributes
from event_schemas.values import Money, Name, Text
from write_side.domain.decider import Command
from write_side.domain.people import GivenEmail, GivenPhone

Note = Annotated[
    str,
    msgspec.Meta(
        min_length=1, max_length=2000, pattern=r"^[^\x00\ud800-\udfff]*[^\s\x00\ud800-\udfff][^\x00\ud800-\udfff]*$"
    ),
]
"""What somebody writes down: 1 to 2,000 characters, not blank."""


class CaptureLead(Command, frozen=True, kw_only=True):
    """Note that somebody might buy. At least a name, an e-mail address, a phone number or an external id is needed."""

    name: Name | None = None
    job_title: Name | None = None
    email: GivenEmail | None = None
    phone: GivenPhone | None = None
    company: Name | None = None
    source: Name | None = None
    campaign: Name | None = None
    external_id: Name | None = None
    attributes: Attributes | None = None
    owner_id: UUID | None = None


class ChangeLeadDetails(Command, frozen=True, kw_only=True):
    """Correct or complete what is known; what is not sent stays as it is, null empties a field or an attribute."""

    name: Name | None | UnsetType = UNSET
    job_title: Name | None | UnsetType = UNSET
    email: GivenEmail | None | UnsetType = UNSET
    phone: GivenPhone | None | UnsetType = UNSET
    company: Name | None | UnsetType = UNSET
    source: Name | None | UnsetType = UNSET
    campaign: Name | None | UnsetType = UNSET
    attributes: Attributes | UnsetType = UNSET


class AssignLeadOwner(Command, frozen=True, kw_only=True):
    """Let another user, or nobody, follow the lead."""

    owner_id: UUID | None


class ScoreLead(Command, frozen=True, kw_only=True):
    """Say how likely the lead is to buy, by which model, and why."""

    score: Score
    model: Name
    reasons: Reasons = ()


class QualifyLead(Command, frozen=True, kw_only=True):
    """Judge the lead worth selling to."""


class DisqualifyLead(Command, frozen=True, kw_only=True):
    """Judge the lead not worth following."""

    reason: DisqualificationReason
    detail: Text = ""


class ReopenLead(Command, frozen=True, kw_only=True):
    """Look at a qualified or disqualified lead anew."""


class AddLeadNote(Command, frozen=True, kw_only=True):
    """Write something down about the lead."""

    text: Note


class NewDeal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The deal that a converted lead begins as; named for the lead's company unless a name is given."""

    name: Name | None = None
    pipeline_id: UUID
    amount: Money


class ConvertLead(Command, frozen=True, kw_only=True):
    """Make a customer of a qualified lead: an account, a contact and a deal, each existing, new, or none.

    What is new is created at once after the command; the lead says when it is done, or what failed.
    """

    account_id: UUID | None = None
    new_account: bool = False
    contact_id: UUID | None = None
    new_contact: bool = False
    deal_id: UUID | None = None
    new_deal: NewDeal | None = None


class MergeLead(Command, frozen=True, kw_only=True):
    """Declare the lead the same as another, which goes on with what both knew."""

    into_id: UUID


class ArchiveLead(Command, frozen=True, kw_only=True):
    """Follow the lead no more."""


class RestoreLead(Command, frozen=True, kw_only=True):
    """Follow an archived lead again, as it was."""


class CompleteLeadConversion(Command, frozen=True, kw_only=True):
    """Note that all is there that the lead became."""

    account_id: UUID | None = None
    contact_id: UUID | None = None
    deal_id: UUID | None = None


class FailLeadConversion(Command, frozen=True, kw_only=True):
    """Note what the lead could not become, and why."""

    step: ConversionStep
    code: Name
    reason: Text


class AbsorbLead(Command, frozen=True, kw_only=True):
    """Take over what only the merged lead knew."""

    merged_id: UUID
