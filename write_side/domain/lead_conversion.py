"""What a lead becomes: an account, a contact and a deal, each existing, new, or none."""

from uuid import UUID, uuid5

from event_schemas.lead import (
    DealTarget,
    LeadConversionCompleted,
    LeadConversionFailed,
    LeadConverted,
    Target,
)
from event_schemas.registry import Event
from event_schemas.values import Name
from write_side.domain.decider import Command, Context, Ref
from write_side.domain.errors import Rejected
from write_side.domain.lead_commands import CompleteLeadConversion, ConvertLead, FailLeadConversion, NewDeal
from write_side.domain.references import LeadAlreadyConverted, named, require
from write_side.domain.stages import PipelineShape, check_currency

Settling = CompleteLeadConversion | FailLeadConversion
Settlement = LeadConversionCompleted | LeadConversionFailed


class ConversionTargetTwice(Rejected):
    """A lead becomes something that exists, or something new, not both."""


class LeadHasNoCompany(Rejected):
    """A new account is named for the lead's company. A person's name never becomes an account's."""

    field = "newAccount"


class NewDealHasNoName(Rejected):
    """A new deal is named, or the lead has a company that it is named for."""

    field = "newDeal.name"


class ConversionAlreadySettled(Rejected):
    """A conversion is completed, or fails, once."""


def reads(command: ConvertLead) -> tuple[Ref, ...]:
    """Whatever the lead is to become that exists, and the pipeline of a new deal."""
    pipeline = command.new_deal.pipeline_id if command.new_deal else None
    return named(account=command.account_id, contact=command.contact_id, deal=command.deal_id, pipeline=pipeline)


def convert(command: ConvertLead, company: Name | None, context: Context) -> LeadConverted:
    """The conversion, once all that it needs is there."""
    _check_single(command.account_id, command.new_account, "accountId")
    _check_single(command.contact_id, command.new_contact, "contactId")
    _check_single(command.deal_id, command.new_deal is not None, "dealId")
    if command.new_account and company is None:
        raise LeadHasNoCompany("the lead has no company to name an account for: give it one, or name an account")
    require(context, "account", command.account_id, field="accountId")
    require(context, "contact", command.contact_id, field="contactId")
    require(context, "deal", command.deal_id, field="dealId")
    if command.new_deal is not None:
        _check_deal(command.new_deal, company, context)
    return conversion(command, company)


def conversion(command: ConvertLead, company: Name | None) -> LeadConverted:
    """What the command asks for. Ids of what is new follow from the lead's, so that it is created once."""
    return LeadConverted(
        account=_target(command.id, "account", command.account_id, command.new_account),
        contact=_target(command.id, "contact", command.contact_id, command.new_contact),
        deal=_deal(command, company),
    )


def decide(
    command: Command, company: Name | None, converted: LeadConverted, settled: Settlement | None, context: Context
) -> tuple[Event, ...]:
    """What a lead that was converted still accepts: how it ended, and another try if that was a failure."""
    match command:
        case CompleteLeadConversion() | FailLeadConversion():
            return _settle(command, settled)
        case ConvertLead() if isinstance(settled, LeadConversionFailed):
            return (convert(command, company, context),)
        case ConvertLead() if conversion(command, company) == converted:
            return ()
    raise LeadAlreadyConverted("the lead is converted and accepts nothing more: work with what it became")


def _settle(command: Settling, settled: Settlement | None) -> tuple[Event, ...]:
    settlement = _settlement(command)
    if settled is None:
        return (settlement,)
    if settled != settlement:
        raise ConversionAlreadySettled("the conversion was settled otherwise: convert the lead again, if it failed")
    return ()


def _settlement(command: Settling) -> Settlement:
    if isinstance(command, FailLeadConversion):
        return LeadConversionFailed(step=command.step, code=command.code, reason=command.reason)
    return LeadConversionCompleted(
        account_id=command.account_id, contact_id=command.contact_id, deal_id=command.deal_id
    )


def _check_single(existing: UUID | None, new: bool, field: str) -> None:
    if existing is not None and new:
        raise ConversionTargetTwice("both an existing one and a new one are asked for: choose one", field=field)


def _check_deal(deal: NewDeal, company: Name | None, context: Context) -> None:
    shape: PipelineShape = require(context, "pipeline", deal.pipeline_id, field="newDeal.pipelineId").shape
    check_currency(deal.amount, shape.currency, field="newDeal.amount.currency")
    if deal.name is None and company is None:
        raise NewDealHasNoName("the lead has no company to name the deal for: send a name")


def _target(lead: UUID, kind: str, existing: UUID | None, new: bool) -> Target | None:
    if new:
        return Target(uuid5(lead, kind), new=True)
    return None if existing is None else Target(existing, new=False)


def _deal(command: ConvertLead, company: Name | None) -> DealTarget | None:
    target = _target(command.id, "deal", command.deal_id, command.new_deal is not None)
    if target is None:
        return None
    deal = command.new_deal
    return DealTarget(
        id=target.id,
        new=target.new,
        name=(deal.name or company) if deal else None,
        pipeline_id=deal.pipeline_id if deal else None,
        amount=deal.amount if deal else None,
    )
