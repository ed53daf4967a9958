"""What can be asked of a contact."""

from uuid import UUID

from msgspec import UNSET, UnsetType

from event_schemas.contact import Channel, Relation
from event_schemas.people import Attributes
from event_schemas.values import Name, Text
from write_side.domain.decider import Command
from write_side.domain.people import GivenEmail, GivenPhone


class CreateContact(Command, frozen=True, kw_only=True):
    """Note a person whom we know. At least a name, an e-mail address, a phone number or an external id is needed."""

    name: Name | None = None
    job_title: Name | None = None
    email: GivenEmail | None = None
    phone: GivenPhone | None = None
    external_id: Name | None = None
    attributes: Attributes | None = None
    owner_id: UUID | None = None
    lead_id: UUID | None = None


class ChangeContactDetails(Command, frozen=True, kw_only=True):
    """Correct or complete what is known; what is not sent stays as it is, null empties a field or an attribute."""

    name: Name | None | UnsetType = UNSET
    job_title: Name | None | UnsetType = UNSET
    email: GivenEmail | None | UnsetType = UNSET
    phone: GivenPhone | None | UnsetType = UNSET
    attributes: Attributes | UnsetType = UNSET


class AssignContactOwner(Command, frozen=True, kw_only=True):
    """Let another user, or nobody, look after the contact."""

    owner_id: UUID | None


class LinkContactAccount(Command, frozen=True, kw_only=True):
    """Note that the person works for an account, or with it; a second link to it changes the role."""

    account_id: UUID
    role: Name | None = None


class UnlinkContactAccount(Command, frozen=True, kw_only=True):
    """Note that the person has no more to do with the account."""

    account_id: UUID


class RelateContact(Command, frozen=True, kw_only=True):
    """Note that the person reports to another contact, or knows them."""

    other_id: UUID
    relation: Relation


class UnrelateContact(Command, frozen=True, kw_only=True):
    """Note that the relation is over."""

    other_id: UUID
    relation: Relation


class GiveContactConsent(Command, frozen=True, kw_only=True):
    """Note that the person allows to be reached by a channel for a purpose, and how we know."""

    channel: Channel
    purpose: Name
    evidence: Text = ""


class WithdrawContactConsent(Command, frozen=True, kw_only=True):
    """Note that the person does not allow it, whether they ever did or not."""

    channel: Channel
    purpose: Name


class ArchiveContact(Command, frozen=True, kw_only=True):
    """Work with the contact no more; its e-mail address is free again."""


class RestoreContact(Command, frozen=True, kw_only=True):
    """Work with an archived contact again, if nobody else has its e-mail address by now."""


class MergeContact(Command, frozen=True, kw_only=True):
    """Declare the contact the same person as another, which goes on with what both knew."""

    into_id: UUID


class AbsorbContact(Command, frozen=True, kw_only=True):
    """Take over what only the merged contact knew."""

    merged_id: UUID
    with_email: bool = True
    """False where a third contact has taken the merged one's address in between."""
