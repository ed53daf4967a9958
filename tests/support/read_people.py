"""The part of a random past that is about leads, contacts, activities and saved views."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from event_schemas import account, activity, contact, deal, lead, people, saved_view
from event_schemas.registry import Event
from event_schemas.values import Money
from tests.support.read_paths import USER
from tests.support.read_story import NAMES, Storyteller

SOURCES = ("web", "fair", "Zoë's list", None)
CAMPAIGNS = ("spring", 'naïve "quoted"', None)


def people_happenings(teller: Storyteller, tenant: str, *, deals: int) -> list[Callable[[], None]]:
    """What may still happen to a tenant's people, in any order."""
    happenings: list[Callable[[], None]] = [lambda: _capture(teller, tenant)] * max(6, deals // 3)
    happenings += [lambda: _create(teller, tenant)] * max(6, deals // 3)
    happenings += [lambda: _begin_activity(teller, tenant)] * max(6, deals // 2)
    happenings += [lambda: _save_view(teller, tenant)] * max(4, deals // 20)
    happenings += [lambda: _change_lead(teller, tenant)] * deals
    happenings += [lambda: _change_contact(teller, tenant)] * deals
    happenings += [lambda: _change_activity(teller, tenant)] * (deals // 2)
    happenings += [lambda: _change_view(teller, tenant)] * (deals // 20)
    happenings += [lambda: _change_parts(teller, tenant)] * deals
    happenings += [lambda: _merge_accounts(teller, tenant)] * (deals // 60)
    return happenings


def _tell(teller: Storyteller, tenant: str, category: str, entity: UUID, event: Event) -> None:
    teller.tell(tenant, category, entity, event, occurred_at=teller.random.choice((None, teller.instant())))


def _person(rng: random.Random, cls: type[Any]) -> Any:
    """Some of what is known of a person; a person that was erased is None."""
    if rng.random() < 0.1:
        return None
    fields = {
        "name": rng.choice((None, rng.choice(NAMES))),
        "job_title": rng.choice((None, "Käufer")),
        "email": rng.choice((None, "Ada@Example.org", "grace@example.org", "zoë@exämple.org")),
        "phone": rng.choice((None, "(415) 555-0123", "030 1234")),
    }
    fields["phone_e164"] = "+14155550123" if fields["phone"] == "(415) 555-0123" else None
    if cls is people.PersonChange:
        fields = dict(rng.sample(sorted(fields.items(), key=lambda each: each[0]), 2))
    return cls(**fields)


def _attributes(rng: random.Random) -> tuple[people.Attribute, ...]:
    values = (("size", "9"), ("größe", 'a "b"\n'), ("size", None), ("note", "tab\t\x01"))
    return tuple(people.Attribute(name, value) for name, value in rng.sample(values, rng.choice((0, 1, 2))))


def _capture(teller: Storyteller, tenant: str) -> None:
    rng = teller.random
    captured = lead.LeadCaptured(
        person=_person(rng, people.Person),
        company=rng.choice((None, rng.choice(NAMES))),
        source=rng.choice(SOURCES),
        campaign=rng.choice(CAMPAIGNS),
        external_id=rng.choice((None, "x-1")),
        attributes=_attributes(rng),
        owner_id=teller.pick(tenant, "user", or_none=0.3),
    )
    _tell(teller, tenant, "lead", teller.new_id(), captured)


def _converted(teller: Storyteller, tenant: str) -> lead.LeadConverted:
    def target(kind: str, cls: Callable[..., Any], **fields: None) -> Any:
        found = teller.pick(tenant, kind, or_none=0.4)
        return None if found is None else cls(id=found, new=False, **fields)

    return lead.LeadConverted(
        account=target("account", lead.Target),
        contact=target("contact", lead.Target),
        deal=target("deal", lead.DealTarget, name=None, pipeline_id=None, amount=None),
    )


def _change_lead(teller: Storyteller, tenant: str) -> None:
    rng = teller.random
    if (target := teller.pick(tenant, "lead")) is None:
        return
    step = rng.choice(list(lead.ConversionStep))
    changes: list[Event] = [
        lead.LeadDetailsChanged(person=_person(rng, people.PersonChange), attributes=_attributes(rng)),
        lead.LeadDetailsChanged(source=rng.choice(SOURCES)),
        lead.LeadOwnerAssigned(owner_id=teller.pick(tenant, "user", or_none=0.3)),
        lead.LeadScored(score=rng.choice((0, 50, 100)), model="m", reasons=rng.choice(((), ("big", 'so "so"\n')))),
        *[lead.LeadQualified()] * 2,
        lead.LeadDisqualified(reason=rng.choice(list(lead.DisqualificationReason)), detail=""),
        lead.LeadReopened(),
        lead.LeadNoted(text="note"),
        *[_converted(teller, tenant)] * 2,
        rng.choice((lead.LeadArchived(), lead.LeadRestored())),
    ]
    now = teller.document("lead", target)
    if now.status == "converted":
        changes = [
            lead.LeadConversionCompleted(account_id=now.account_id, contact_id=now.contact_id, deal_id=now.deal_id),
            lead.LeadConversionFailed(step=step, code="SOME_RULE", reason="because"),
        ]
    elif rng.random() < 0.1:
        changes = [lead.LeadMerged(into_id=teller.pick(tenant, "lead"))]
    if now.status != "merged":
        _tell(teller, tenant, "lead", target, rng.choice(changes))


def _create(teller: Storyteller, tenant: str) -> None:
    rng = teller.random
    created = contact.ContactCreated(
        person=_person(rng, people.Person),
        external_id=rng.choice((None, "c-1")),
        attributes=_attributes(rng),
        owner_id=teller.pick(tenant, "user", or_none=0.3),
        lead_id=teller.pick(tenant, "lead", or_none=0.7),
    )
    _tell(teller, tenant, "contact", teller.new_id(), created)


def _change_contact(teller: Storyteller, tenant: str) -> None:
    rng = teller.random
    target, other, company = (teller.pick(tenant, kind) for kind in ("contact", "contact", "account"))
    if target is None or company is None:
        return
    relation, channel = rng.choice(list(contact.Relation)), rng.choice(list(contact.Channel))
    linked = contact.ContactAccountLinked(account_id=company, role=rng.choice((None, "buyer", "Chef")))
    now = teller.document("contact", target)
    known = [link.account_id for link in now.accounts] or [company]
    changes: list[Event] = [
        contact.ContactDetailsChanged(person=_person(rng, people.PersonChange), attributes=_attributes(rng)),
        contact.ContactOwnerAssigned(owner_id=teller.pick(tenant, "user", or_none=0.3)),
        *[linked] * 4,
        contact.ContactAccountUnlinked(account_id=rng.choice(known)),
        *[contact.ContactRelated(other_id=other, relation=relation)] * 2,
        contact.ContactUnrelated(other_id=other, relation=relation),
        contact.ContactConsentGiven(channel=channel, purpose="news", evidence="form"),
        contact.ContactConsentWithdrawn(channel=channel, purpose="news"),
        rng.choice((contact.ContactArchived(), contact.ContactRestored())),
    ]
    if rng.random() < 0.05:
        changes = [contact.ContactMerged(into_id=other)]
    if now.merged_into_id is None:
        _tell(teller, tenant, "contact", target, rng.choice(changes))


def _related(teller: Storyteller, tenant: str) -> tuple[activity.Related, ...]:
    kinds = teller.random.choices(list(activity.RelatedKind), k=teller.random.choice((0, 1, 2, 3)))
    found = ((kind, teller.pick(tenant, str(kind))) for kind in kinds)
    return tuple(activity.Related(kind, entity) for kind, entity in found if entity is not None)


def _begin_activity(teller: Storyteller, tenant: str) -> None:
    rng = teller.random
    about = {
        "kind": rng.choice(list(activity.ActivityKind)),
        "subject": rng.choice((None, rng.choice(NAMES))),
        "body": rng.choice((None, "a\nb")),
        "related": _related(teller, tenant),
        "person_id": None,
        "owner_id": teller.pick(tenant, "user", or_none=0.3),
    }
    due = rng.choice((teller.instant(), teller.instant() + timedelta(days=900)))
    begun: Event = rng.choice(
        (
            activity.ActivityLogged(**about, minutes=rng.choice((None, 0, 30))),
            activity.ActivityScheduled(**about, due_at=due),
            activity.ActivityScheduled(**about, due_at=due),
        )
    )
    _tell(teller, tenant, "activity", teller.new_id(), begun)


def _change_activity(teller: Storyteller, tenant: str) -> None:
    target = teller.pick(tenant, "activity")
    if target is None or teller.document("activity", target).status != "open":
        return
    changes: list[Event] = [
        activity.ActivityRescheduled(due_at=teller.instant()),
        activity.ActivityReassigned(owner_id=teller.pick(tenant, "user", or_none=0.3)),
        activity.ActivityCompleted(outcome="done", person_id=None),
        activity.ActivityCompleted(outcome=None, person_id=None),
        activity.ActivityCancelled(reason="no time", person_id=None),
    ]
    _tell(teller, tenant, "activity", target, teller.random.choice(changes))


def _save_view(teller: Storyteller, tenant: str) -> None:
    rng = teller.random
    saved = saved_view.ViewSaved(
        kind=rng.choice(list(saved_view.ListedKind)),
        name=teller.name(),
        filter=rng.choice(("{}", '{"nameContains":"Ä"}')),
        sort=rng.choice((None, "NAME_ASC")),
        shared=rng.random() < 0.4,
        owner_id=rng.choice((USER, "user:2")),
    )
    _tell(teller, tenant, "saved_view", teller.new_id(), saved)


def _change_view(teller: Storyteller, tenant: str) -> None:
    target = teller.pick(tenant, "saved_view")
    if target is None or teller.document("saved_view", target).deleted:
        return
    changed = saved_view.ViewChanged(name=teller.name(), shared=teller.random.random() < 0.5)
    _tell(teller, tenant, "saved_view", target, teller.random.choice((changed, changed, saved_view.ViewDeleted())))


def _change_parts(teller: Storyteller, tenant: str) -> None:
    """What a deal is about, and who takes part in it."""
    rng = teller.random
    target, person = teller.pick(tenant, "deal"), teller.pick(tenant, "contact")
    if target is None or person is None:
        return
    currency = teller.document("deal", target).currency
    lines = tuple(
        deal.LineItem(
            product_id=teller.pick(tenant, "product"),
            quantity=rng.choice((1, 3, 1_000_000)),
            unit_price=Money(rng.choice((0, 99, 55_001, 10**9)), currency),
            discount=rng.choice((0, 1, 3333, 10_000)),
        )
        for _ in range(rng.choice((0, 1, 2)))
    )
    changes: list[Event] = [
        *[deal.DealContactLinked(contact_id=person, role=rng.choice((None, "decides")))] * 3,
        deal.DealContactUnlinked(contact_id=person),
        deal.DealLineItemsSet(items=lines, amount=teller.money(currency)),
        deal.DealAccountChanged(account_id=teller.pick(tenant, "account", or_none=0.2)),
    ]
    _tell(teller, tenant, "deal", target, rng.choice(changes))


def _merge_accounts(teller: Storyteller, tenant: str) -> None:
    target, other = teller.pick(tenant, "account"), teller.pick(tenant, "account")
    if target not in (None, other) and teller.document("account", target).merged_into_id is None:
        _tell(teller, tenant, "account", target, account.AccountMerged(into_id=other))
