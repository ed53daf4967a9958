"""Leads and contacts for tests of deciders: examples, and what the fields of their commands may be."""

from collections.abc import Sequence
from typing import Any, Final

from event_schemas.contact import Channel, ContactCreated, Relation
from event_schemas.lead import ConversionStep, DisqualificationReason, LeadCaptured
from event_schemas.people import Attribute, Person
from event_schemas.values import Money
from tests.support.events import some_id
from write_side.domain.lead_commands import NewDeal

LEAD: Final = some_id("lead")
OTHER_LEAD: Final = some_id("other lead")
CONTACT: Final = some_id("contact")
OTHER_CONTACT: Final = some_id("other contact")

ADA: Final = Person(
    name="Ada", job_title="Engineer", email="Ada@example.org", phone="+1 (415) 555-0123", phone_e164="+14155550123"
)
BOB: Final = Person(name="Bob")
LEAD_CAPTURED: Final = LeadCaptured(
    person=ADA,
    company="Acme",
    source="web",
    campaign="spring",
    external_id="x-1",
    attributes=(Attribute("size", "L"),),
    owner_id=None,
)
BOB_CAPTURED: Final = LeadCaptured(
    person=BOB, company=None, source=None, campaign=None, external_id=None, attributes=(), owner_id=None
)
CONTACT_CREATED: Final = ContactCreated(
    person=ADA, external_id="x-1", attributes=(Attribute("size", "L"),), owner_id=None, lead_id=None
)
BOB_CREATED: Final = ContactCreated(person=BOB, external_id=None, attributes=(), owner_id=None, lead_id=None)

_LEADS, _CONTACTS = ((some_id(f"{kind} 0"), some_id(f"{kind} 1")) for kind in ("lead", "contact"))
_DEALS, _PIPELINES = ((some_id(f"{kind} 0"), some_id(f"{kind} 1")) for kind in ("deal", "pipeline"))
POOLS: Final[dict[str, Sequence[Any]]] = {
    **{name: [None, "A", "B"] for name in ("job_title", "company", "source", "campaign", "external_id", "role")},
    **{f"{command}.name": [None, "A", "B"] for command in ("ChangeLeadDetails", "ChangeContactDetails")},
    "email": [None, "a@example.org", " A@example.org", "b@example.org"],
    "phone": [None, "0041 44 668 18 00", "044 668 18 00"],
    "phone_e164": [None, "+41446681800"],
    "attributes": [(), (Attribute("a", "1"), Attribute("b", None)), (Attribute("a", None),), (Attribute("a", ""),) * 2],
    "score": [0, 100],
    "model": ["M"],
    "reasons": [(), ("why",)],
    "DisqualifyLead.reason": list(DisqualificationReason)[:2],
    "text": ["a", "b"],
    "AddLeadNote.text": ["a", "b"],
    **{f"ConvertLead.{kind}_id": [None, some_id(f"{kind} 0")] for kind in ("account", "contact", "deal")},
    **{name: [False, True] for name in ("new_account", "new_contact", "with_email")},
    "new_deal": [None, NewDeal(name="A", pipeline_id=_PIPELINES[0], amount=Money(1, "USD"))],
    "MergeLead.into_id": _LEADS,
    "MergeContact.into_id": _CONTACTS,
    "lead_id": [None, *_LEADS],
    "contact_id": _CONTACTS,
    "deal_id": [None, *_DEALS],
    "merged_id": [*_LEADS, *_CONTACTS],
    "other_id": _CONTACTS,
    "relation": list(Relation),
    "channel": list(Channel)[:2],
    "purpose": ["news"],
    "evidence": ["form"],
    "step": list(ConversionStep),
    "code": ["EMAIL_TAKEN"],
    "FailLeadConversion.reason": ["taken"],
}
"""What each field of a command may be, beside its default; ``Command.field`` where the field alone does not tell."""
