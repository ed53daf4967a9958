"""Converting a lead."""

from typing import Any
from uuid import uuid5

import msgspec
import pytest

from event_schemas.account import AccountArchived
from event_schemas.lead import (
    ConversionStep,
    DealTarget,
    DisqualificationReason,
    LeadConversionCompleted,
    LeadConversionFailed,
    LeadConverted,
    LeadDetailsChanged,
    LeadMerged,
    LeadQualified,
    Target,
)
from event_schemas.people import PersonChange
from event_schemas.values import Money
from tests.support.events import some_id
from tests.support.examples import ACCOUNT, ACCOUNT_OPENED, DEAL, PIPELINE, PIPELINE_DEFINED
from tests.support.people import (
    BOB_CAPTURED,
    CONTACT,
    CONTACT_CREATED,
    LEAD,
    LEAD_CAPTURED,
    OTHER_LEAD,
)
from tests.support.scenario import Given, given
from write_side.domain import account, contact, lead, pipeline
from write_side.domain.lead import LeadNotConverted, LeadNotQualified
from write_side.domain.lead_commands import (
    AddLeadNote,
    ArchiveLead,
    AssignLeadOwner,
    CaptureLead,
    ChangeLeadDetails,
    CompleteLeadConversion,
    ConvertLead,
    DisqualifyLead,
    FailLeadConversion,
    MergeLead,
    NewDeal,
    QualifyLead,
    ReopenLead,
    RestoreLead,
    ScoreLead,
)
from write_side.domain.lead_conversion import (
    ConversionAlreadySettled,
    ConversionTargetTwice,
    LeadHasNoCompany,
    NewDealHasNoName,
)
from write_side.domain.references import (
    AccountIsArchived,
    AccountNotFound,
    ContactNotFound,
    DealNotFound,
    LeadAlreadyConverted,
    LeadIsMerged,
    PipelineNotFound,
)
from write_side.domain.stages import CurrencyNotOfPipeline

USD = Money(5_000, "USD")
QUALIFIED = (LEAD_CAPTURED, LeadQualified())
NOTHING = LeadConverted(account=None, contact=None, deal=None)
TO_NEW = ConvertLead(id=LEAD, new_account=True, new_contact=True, new_deal=NewDeal(pipeline_id=PIPELINE, amount=USD))
NEW_ACCOUNT, NEW_CONTACT, NEW_DEAL = (uuid5(LEAD, kind) for kind in ("account", "contact", "deal"))
CONVERTED = LeadConverted(
    account=Target(NEW_ACCOUNT, new=True),
    contact=Target(NEW_CONTACT, new=True),
    deal=DealTarget(id=NEW_DEAL, new=True, name="Acme", pipeline_id=PIPELINE, amount=USD),
)
COMPLETE = CompleteLeadConversion(id=LEAD, account_id=NEW_ACCOUNT, contact_id=NEW_CONTACT, deal_id=NEW_DEAL)
COMPLETED = LeadConversionCompleted(account_id=NEW_ACCOUNT, contact_id=NEW_CONTACT, deal_id=NEW_DEAL)
FAIL = FailLeadConversion(id=LEAD, step=ConversionStep.CONTACT, code="EMAIL_TAKEN", reason="somebody has it")
FAILED = LeadConversionFailed(step=ConversionStep.CONTACT, code="EMAIL_TAKEN", reason="somebody has it")


def tenant(*events: Any) -> Given:
    """A lead's history in a tenant that has an account, a contact and a pipeline."""
    return (
        given(lead.DECIDER, *events)
        .beside(account.DECIDER, ACCOUNT, ACCOUNT_OPENED)
        .beside(contact.DECIDER, CONTACT, CONTACT_CREATED)
        .beside(pipeline.DECIDER, PIPELINE, PIPELINE_DEFINED)
    )


def test_a_lead_becomes_something_new() -> None:
    """Ids of what is new follow from the lead's, and a deal without a name is named for the company."""
    tenant(*QUALIFIED).when(TO_NEW).then(CONVERTED)


def test_a_lead_becomes_what_exists_or_nothing() -> None:
    """Existing ones are named; none at all is a conversion too."""
    existing = ConvertLead(id=LEAD, account_id=ACCOUNT, contact_id=CONTACT)
    linked = LeadConverted(account=Target(ACCOUNT, new=False), contact=Target(CONTACT, new=False), deal=None)
    tenant(*QUALIFIED).when(existing).then(linked)
    tenant(*QUALIFIED).when(ConvertLead(id=LEAD)).then(NOTHING)


def test_a_new_deal_is_named() -> None:
    """By its own name rather than the company's; without either the conversion is refused."""
    named = msgspec.structs.replace(TO_NEW, new_deal=NewDeal(name="Ten GTX", pipeline_id=PIPELINE, amount=USD))
    assert CONVERTED.deal is not None
    deal = msgspec.structs.replace(CONVERTED.deal, name="Ten GTX")
    tenant(*QUALIFIED).when(named).then(msgspec.structs.replace(CONVERTED, deal=deal))
    nameless = msgspec.structs.replace(TO_NEW, new_account=False)
    tenant(BOB_CAPTURED, LeadQualified()).when(nameless).rejected(NewDealHasNoName, "newDeal.name")


def test_a_new_account_needs_a_company() -> None:
    """A person's name is never written into an account."""
    command = ConvertLead(id=LEAD, new_account=True)
    tenant(BOB_CAPTURED, LeadQualified()).when(command).rejected(LeadHasNoCompany, "newAccount")


@pytest.mark.parametrize(
    ("twice", "field"),
    [
        ({"account_id": ACCOUNT, "new_account": True}, "accountId"),
        ({"contact_id": CONTACT, "new_contact": True}, "contactId"),
        ({"deal_id": DEAL, "new_deal": NewDeal(pipeline_id=PIPELINE, amount=USD)}, "dealId"),
    ],
)
def test_a_target_is_new_or_existing(twice: dict[str, Any], field: str) -> None:
    """Not both."""
    tenant(*QUALIFIED).when(ConvertLead(id=LEAD, **twice)).rejected(ConversionTargetTwice, field)


def test_targets_must_be_there() -> None:
    """Each may be referred to by what is new, and the amount is in the pipeline's currency."""
    nowhere = some_id("nowhere")
    for field, rejection in (
        ("account_id", AccountNotFound),
        ("contact_id", ContactNotFound),
        ("deal_id", DealNotFound),
    ):
        command = ConvertLead(id=LEAD, **{field: nowhere})  # type: ignore[arg-type]  # a field by name
        at = field.removesuffix("_id") + "Id"
        tenant(*QUALIFIED).when(command).rejected(rejection, at)
    archived = tenant(*QUALIFIED).beside(account.DECIDER, ACCOUNT, ACCOUNT_OPENED, AccountArchived())
    archived.when(ConvertLead(id=LEAD, account_id=ACCOUNT)).rejected(AccountIsArchived, "accountId")
    unpiped = ConvertLead(id=LEAD, new_deal=NewDeal(pipeline_id=nowhere, amount=USD))
    tenant(*QUALIFIED).when(unpiped).rejected(PipelineNotFound, "newDeal.pipelineId")
    euros = ConvertLead(id=LEAD, new_deal=NewDeal(pipeline_id=PIPELINE, amount=Money(1, "EUR")))
    tenant(*QUALIFIED).when(euros).rejected(CurrencyNotOfPipeline, "newDeal.amount.currency")


def test_only_a_qualified_lead_converts() -> None:
    """Neither a new nor a disqualified one."""
    tenant(LEAD_CAPTURED).when(TO_NEW).rejected(LeadNotQualified)


@pytest.mark.parametrize("settled", [(), (COMPLETED,)], ids=["pending", "completed"])
@pytest.mark.parametrize(
    "command",
    [
        ConvertLead(id=LEAD),
        ChangeLeadDetails(id=LEAD, company="Beta"),
        AssignLeadOwner(id=LEAD, owner_id=None),
        ScoreLead(id=LEAD, score=1, model="M"),
        AddLeadNote(id=LEAD, text="x"),
        QualifyLead(id=LEAD),
        DisqualifyLead(id=LEAD, reason=DisqualificationReason.OTHER),
        ReopenLead(id=LEAD),
        ArchiveLead(id=LEAD),
        RestoreLead(id=LEAD),
        MergeLead(id=LEAD, into_id=OTHER_LEAD),
    ],
    ids=lambda one: type(one).__name__,
)
def test_a_converted_lead_accepts_nothing_more(command: Any, settled: tuple[Any, ...]) -> None:
    """Whatever it is; not even another conversion."""
    tenant(*QUALIFIED, CONVERTED, *settled).when(command).rejected(LeadAlreadyConverted)


def test_a_repeat_decides_nothing() -> None:
    """The same conversion, and the same capture, while it is under way and when it is done."""
    capture = CaptureLead(id=LEAD, name="Bob")
    history = (BOB_CAPTURED, LeadDetailsChanged(company="Acme"), LeadQualified(), CONVERTED)
    for settled in ((), (COMPLETED,)):
        tenant(*history, *settled).when(TO_NEW).then()
        tenant(*history, *settled).when(capture).then()


def test_a_conversion_is_settled_once() -> None:
    """Completed or failed; the same again is a repeat."""
    tenant(*QUALIFIED, CONVERTED).when(COMPLETE).then(COMPLETED)
    tenant(*QUALIFIED, CONVERTED).when(FAIL).then(FAILED)
    tenant(*QUALIFIED, CONVERTED, COMPLETED).when(FAIL).rejected(ConversionAlreadySettled)
    tenant(*QUALIFIED, CONVERTED, FAILED).when(COMPLETE).rejected(ConversionAlreadySettled)


def test_what_is_not_converted_is_not_settled() -> None:
    """There is nothing to complete."""
    tenant(*QUALIFIED).when(COMPLETE).rejected(LeadNotConverted)
    tenant(*QUALIFIED).when(FAIL).rejected(LeadNotConverted)
    tenant(*QUALIFIED, LeadMerged(into_id=OTHER_LEAD)).when(FAIL).rejected(LeadIsMerged)


def test_a_failed_conversion_may_be_tried_again() -> None:
    """With other targets or the same; then it is under way again."""
    failed = (*QUALIFIED, CONVERTED, FAILED)
    other = msgspec.structs.replace(TO_NEW, new_contact=False, contact_id=CONTACT)
    again = msgspec.structs.replace(CONVERTED, contact=Target(CONTACT, new=False))
    tenant(*failed).when(other).then(again)
    tenant(*failed).when(TO_NEW).then(CONVERTED)
    tenant(*failed, again).when(TO_NEW).rejected(LeadAlreadyConverted)
    tenant(*failed, again).when(COMPLETE).then(COMPLETED)
    tenant(*failed).when(ArchiveLead(id=LEAD)).rejected(LeadAlreadyConverted)


def test_nothing_is_converted_to_what_was_archived_meanwhile() -> None:
    """A second try is checked as the first one was."""
    gone = tenant(*QUALIFIED, CONVERTED, FAILED).beside(account.DECIDER, ACCOUNT, ACCOUNT_OPENED, AccountArchived())
    gone.when(ConvertLead(id=LEAD, account_id=ACCOUNT)).rejected(AccountIsArchived, "accountId")


def test_an_erased_lead_converts() -> None:
    """Its company is known still."""
    erased = (
        msgspec.structs.replace(LEAD_CAPTURED, person=None, attributes=None),
        LeadDetailsChanged(person=PersonChange()),
    )
    tenant(*erased, LeadQualified()).when(TO_NEW).then(CONVERTED)
