"""What events of leads, contacts and activities changed, told from the events alone."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from event_schemas import activity, contact, deal, lead
from event_schemas.people import Attribute, Person, PersonChange
from event_schemas.registry import Event
from event_schemas.values import Money
from tests.support.read_told import ONE, told

TWO, THREE = UUID(int=2), UUID(int=3)


def captured(**fields: Any) -> lead.LeadCaptured:
    """A lead's first event."""
    given: dict[str, Any] = {
        "person": Person(name="Ada", email="ada@example.org", phone="0301", phone_e164="+49301"), "company": None,
        "source": "web", "campaign": None, "external_id": None, "attributes": (Attribute("size", "9"),),
        "owner_id": None,
    }  # fmt: skip
    return lead.LeadCaptured(**given | fields)


def test_a_person_is_told_field_by_field() -> None:
    """What is known of a person is told as the entity's own fields; what follows from them is not."""
    first, changed = told(captured(), lead.LeadDetailsChanged(person=PersonChange(email=None, name="Ada B.")))
    assert first == {
        "name": (None, "Ada"),
        "email": (None, "ada@example.org"),
        "phone": (None, "0301"),
        "source": (None, "web"),
        "attributes": (None, [{"name": "size", "value": "9"}]),
        "status": (None, "NEW"),
        "archived": (None, False),
    }
    assert changed == {"name": ("Ada", "Ada B."), "email": ("ada@example.org", None)}


def test_attributes_are_told_whole() -> None:
    """An event names some of them; the list is told as it was and as it is."""
    changes = (Attribute("größe", "L"), Attribute("size", None))
    _, changed, again = told(
        captured(), lead.LeadDetailsChanged(attributes=changes), lead.LeadDetailsChanged(attributes=changes)
    )
    assert changed == {
        "attributes": ([{"name": "size", "value": "9"}], [{"name": "größe", "value": "L"}]),
    }
    assert again == {}


def test_the_way_of_a_lead() -> None:
    """Score, standing, and what a conversion makes, until it fails."""
    _, scored, out, back, converted, failed = told(
        captured(),
        lead.LeadScored(score=70, model="m", reasons=("big",)),
        lead.LeadDisqualified(reason=lead.DisqualificationReason.NO_FIT, detail=""),
        lead.LeadReopened(),
        lead.LeadConverted(account=lead.Target(ONE, new=False), contact=lead.Target(TWO, new=True), deal=None),
        lead.LeadConversionFailed(step=lead.ConversionStep.CONTACT, code="EMAIL_TAKEN", reason="taken"),
    )
    assert scored == {"score": (None, 70), "scoreModel": (None, "m"), "scoreReasons": (None, ["big"])}
    assert out["disqualificationReason"] == (None, "NO_FIT")
    assert back["disqualificationReason"] == ("NO_FIT", None)
    assert converted == {
        "status": ("NEW", "CONVERTED"),
        "conversion": (None, "PENDING"),
        "accountId": (None, str(ONE)),
        "contactId": (None, str(TWO)),
    }
    assert failed == {
        "conversion": ("PENDING", "FAILED"),
        "conversionStep": (None, "CONTACT"),
        "conversionCode": (None, "EMAIL_TAKEN"),
        "conversionReason": (None, "taken"),
        "contactId": (str(TWO), None),
    }


def test_links_are_told_as_lists() -> None:
    """A second link changes the role; what is undone goes; a consent that is withdrawn stays, not given."""
    created = contact.ContactCreated(person=None, external_id="c", attributes=None, owner_id=None, lead_id=None)
    _, linked, changed, other, gone, given, withdrawn = told(
        created,
        contact.ContactAccountLinked(account_id=ONE, role=None),
        contact.ContactAccountLinked(account_id=ONE, role="buyer"),
        contact.ContactRelated(other_id=TWO, relation=contact.Relation.KNOWS),
        contact.ContactUnrelated(other_id=TWO, relation=contact.Relation.KNOWS),
        contact.ContactConsentGiven(channel=contact.Channel.EMAIL, purpose="news", evidence="form"),
        contact.ContactConsentWithdrawn(channel=contact.Channel.EMAIL, purpose="news"),
    )
    assert linked["accounts"] == (None, [{"accountId": str(ONE), "role": None}])
    assert changed["accounts"][1] == [{"accountId": str(ONE), "role": "buyer"}]
    assert other["relations"] == (None, [{"otherId": str(TWO), "relation": "KNOWS"}])
    assert gone["relations"][1] == []
    consent = {"channel": "EMAIL", "purpose": "news"}
    assert given["consents"][1] == [{**consent, "evidence": "form", "given": True}]
    assert withdrawn["consents"][1] == [{**consent, "evidence": None, "given": False}]


def test_line_items_are_told_with_the_amount() -> None:
    """Both change with one event."""
    item = deal.LineItem(product_id=ONE, quantity=2, unit_price=Money(50, "USD"), discount=100)
    linked, parts = told(
        deal.DealContactLinked(contact_id=TWO, role=None),
        deal.DealLineItemsSet(items=(item,), amount=Money(99, "USD")),
    )
    assert linked["contacts"] == (None, [{"contactId": str(TWO), "role": None}])
    price = {"minor": "50", "currency": "USD"}
    shown = {"productId": str(ONE), "quantity": 2, "unitPrice": price, "discount": 100}
    assert parts["lineItems"] == (None, [shown])
    assert parts["amount"] == (None, {"minor": "99", "currency": "USD"})


def scheduled() -> activity.ActivityScheduled:
    """A task about a lead."""
    return activity.ActivityScheduled(
        kind=activity.ActivityKind.TASK, subject="Call", body=None, owner_id=None, person_id=THREE,
        related=(activity.Related(activity.RelatedKind.LEAD, THREE),), due_at=datetime(2026, 11, 22, 9, tzinfo=UTC),
    )  # fmt: skip


def test_instants_are_told_in_utc() -> None:
    """As everywhere in the API; whose data the words are is not told."""
    first, done = told(scheduled(), activity.ActivityCompleted(outcome="yes", person_id=THREE))
    assert first["dueAt"] == (None, "2026-11-22T09:00:00Z")
    assert first["related"] == (None, [{"kind": "LEAD", "id": str(THREE)}])
    assert done == {"outcome": (None, "yes"), "status": ("OPEN", "DONE")}
    assert "personId" not in first


def test_what_was_erased_is_null() -> None:
    """That there was something is told, what it was is not; what is not personal stays."""
    events: tuple[Event, ...] = (
        captured(company="Acme"),
        lead.LeadDetailsChanged(person=PersonChange(name="B"), source="fair"),
        lead.LeadNoted(text="secret"),
    )
    first, changed, noted = told(*events, erased=True)
    assert first["person"] == first["attributes"] == (None, None)
    assert "name" not in first
    assert first["company"] == (None, "Acme")
    assert changed == {"person": (None, None), "source": ("web", "fair")}
    assert noted == {"note": (None, None)}
    (task,) = told(scheduled(), erased=True)
    assert task["subject"] == (None, None)
