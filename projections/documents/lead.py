"""A lead as readers see it."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from event_schemas.envelope import Recorded
from event_schemas.lead import (
    ConversionStep,
    DisqualificationReason,
    LeadAbsorbed,
    LeadArchived,
    LeadCaptured,
    LeadConversionCompleted,
    LeadConversionFailed,
    LeadConverted,
    LeadDetailsChanged,
    LeadDisqualified,
    LeadMerged,
    LeadNoted,
    LeadOwnerAssigned,
    LeadQualified,
    LeadReopened,
    LeadRestored,
    LeadScored,
)
from event_schemas.registry import Event
from projections.documents.document import Document, advance, given, unchanged
from projections.documents.person import NamedValue, changed, known, with_attributes


class LeadStatus(StrEnum):
    """How a lead stands."""

    NEW = "new"
    QUALIFIED = "qualified"
    DISQUALIFIED = "disqualified"
    CONVERTED = "converted"
    MERGED = "merged"


class Conversion(StrEnum):
    """How far what a lead became is there."""

    PENDING = "pending"
    COMPLETED = "completed"
    FAILED = "failed"


class Lead(Document, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The columns of lead_list."""

    id: UUID
    name: str
    """The first that is known of person's name, company, e-mail, phone, external id; else nothing."""
    person_name: str | None = None
    job_title: str | None = None
    email: str | None = None
    email_normal: str | None = None
    phone: str | None = None
    phone_e164: str | None = None
    company: str | None = None
    source: str | None = None
    campaign: str | None = None
    external_id: str | None = None
    attributes: tuple[NamedValue, ...] = ()
    owner_id: UUID | None = None
    status: LeadStatus
    score: int | None = None
    score_model: str | None = None
    score_reasons: tuple[str, ...] = ()
    disqualification_reason: DisqualificationReason | None = None
    disqualification_detail: str | None = None
    conversion: Conversion | None = None
    conversion_step: ConversionStep | None = None
    conversion_code: str | None = None
    conversion_reason: str | None = None
    account_id: UUID | None = None
    contact_id: UUID | None = None
    deal_id: UUID | None = None
    merged_into_id: UUID | None = None
    archived: bool = False
    captured_at: datetime
    qualified_at: datetime | None = None
    converted_at: datetime | None = None


def fold(document: Lead | None, recorded: Recorded[Event]) -> Lead | None:
    """The lead after one more event; raises Unfoldable."""
    event = recorded.event
    if document is None:
        return _captured(event, recorded) if isinstance(event, LeadCaptured) else unchanged(document, recorded)
    if (fields := _fields(document, recorded)) is None:
        return unchanged(document, recorded)
    after = advance(document, recorded, **fields)
    return msgspec.structs.replace(after, name=_name(after)) if fields.keys() & _NAMING else after


def _captured(event: LeadCaptured, recorded: Recorded[Event]) -> Lead:
    lead = Lead(
        id=recorded.entity_id,
        name="",
        company=event.company,
        source=event.source,
        campaign=event.campaign,
        external_id=event.external_id,
        attributes=with_attributes((), event.attributes),
        owner_id=event.owner_id,
        status=LeadStatus.NEW,
        captured_at=recorded.meta.occurred_at,
        version=1,
        position=recorded.position,
        **known(event.person),
    )
    return msgspec.structs.replace(lead, name=_name(lead))


def _fields(document: Lead, recorded: Recorded[Event]) -> dict[str, Any] | None:
    """What the event changes; None when it cannot follow."""
    event = recorded.event
    match event:
        case LeadDetailsChanged() | LeadAbsorbed():
            return _details(document, event)
        case LeadOwnerAssigned(owner_id=owner):
            return {"owner_id": owner}
        case LeadScored(score=score, model=model, reasons=reasons):
            return {"score": score, "score_model": model, "score_reasons": reasons}
        case LeadNoted():
            return {}
        case LeadArchived():
            return {"archived": True}
        case LeadRestored():
            return {"archived": False}
        case _:
            return _standing(document, recorded)


def _standing(document: Lead, recorded: Recorded[Event]) -> dict[str, Any] | None:
    """What the event changes of how the lead stands."""
    event, at = recorded.event, recorded.meta.occurred_at
    match event:
        case LeadQualified():
            return {"status": LeadStatus.QUALIFIED, "qualified_at": at, **_NOT_DISQUALIFIED}
        case LeadDisqualified(reason=reason, detail=detail):
            disqualification = {"disqualification_reason": reason, "disqualification_detail": detail}
            return {"status": LeadStatus.DISQUALIFIED, **disqualification}
        case LeadReopened():
            return {"status": LeadStatus.NEW, "qualified_at": None, **_NOT_DISQUALIFIED}
        case LeadMerged(into_id=into):
            return {"status": LeadStatus.MERGED, "merged_into_id": into}
        case LeadConverted():
            return {"status": LeadStatus.CONVERTED, "converted_at": at, **_conversion(event)}
        case LeadConversionCompleted():
            return {"conversion": Conversion.COMPLETED, **_NOT_FAILED, **msgspec.structs.asdict(event)}
        case LeadConversionFailed():
            return _failed(event)
        case _:
            return None


def _details(document: Lead, event: LeadDetailsChanged | LeadAbsorbed) -> dict[str, Any]:
    fields = given(event)
    fields.pop("merged_id", None)
    fields |= changed(fields.pop("person", None))
    if "attributes" in fields:
        fields["attributes"] = with_attributes(document.attributes, fields["attributes"])
    return fields


def _conversion(event: LeadConverted) -> dict[str, Any]:
    """What the lead is to become; of what is new nothing is there yet."""
    targets = {"account_id": event.account, "contact_id": event.contact, "deal_id": event.deal}
    ids = {name: target and target.id for name, target in targets.items()}
    return {"conversion": Conversion.PENDING if any(ids.values()) else Conversion.COMPLETED, **_NOT_FAILED, **ids}


def _failed(event: LeadConversionFailed) -> dict[str, Any]:
    """What the failed step, and those after it, were to make is not there."""
    steps = list(ConversionStep)
    missing = {f"{step}_id": None for step in steps[steps.index(event.step) :]}
    why = {"conversion_step": event.step, "conversion_code": event.code, "conversion_reason": event.reason}
    return {"conversion": Conversion.FAILED, **why, **missing}


def _name(lead: Lead) -> str:
    return lead.person_name or lead.company or lead.email or lead.phone or lead.external_id or ""


_NAMING = frozenset(("person_name", "company", "email", "phone"))
_NOT_DISQUALIFIED = {"disqualification_reason": None, "disqualification_detail": None}
_NOT_FAILED = {"conversion_step": None, "conversion_code": None, "conversion_reason": None}
