"""What happens to leads, contacts, activities and saved views, for histories: anything that folds, in any order."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random
from uuid import UUID

from event_schemas.activity import (
    ActivityCancelled,
    ActivityCompleted,
    ActivityKind,
    ActivityLogged,
    ActivityReassigned,
    ActivityRescheduled,
    ActivityScheduled,
    Related,
    RelatedKind,
)
from event_schemas.contact import (
    Channel,
    ContactAbsorbed,
    ContactAccountLinked,
    ContactAccountUnlinked,
    ContactArchived,
    ContactConsentGiven,
    ContactConsentWithdrawn,
    ContactCreated,
    ContactDetailsChanged,
    ContactMerged,
    ContactOwnerAssigned,
    ContactRelated,
    ContactRestored,
    ContactUnrelated,
    Relation,
)
from event_schemas.lead import (
    ConversionStep,
    DealTarget,
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
    Target,
)
from event_schemas.people import Attribute, Person, PersonChange
from event_schemas.registry import Event
from event_schemas.saved_view import ListedKind, ViewChanged, ViewDeleted, ViewSaved
from tests.support.events import NOON, Log, some_id

KEPT = 9
"""The number of what no later event takes away again."""

Happening = tuple[str, UUID, list[Event]]
"""Category, entity, events of one command."""


def grace(**fields: str) -> Person:
    """A person of whom everything is known."""
    known = {"name": "Grace Hopper", "job_title": "Admiral", "email": "Grace@Navy.example", "phone": "+1 415 555 0123"}
    return Person(**{**known, "phone_e164": "+14155550123", **fields})


def lead_captured(person: Person | None = None) -> LeadCaptured:
    """A lead with all its details."""
    return LeadCaptured(
        person=person or grace(),
        company="Navy",
        source="Referral",
        campaign="Summer",
        external_id="L-7",
        attributes=(Attribute("rank", "admiral"), Attribute("ship", None)),
        owner_id=some_id("user 1"),
    )


def contact_created(person: Person | None = None) -> ContactCreated:
    """A contact with all its details."""
    return ContactCreated(
        person=person or grace(),
        external_id="C-7",
        attributes=(Attribute("rank", "admiral"),),
        owner_id=some_id("user 1"),
        lead_id=some_id("lead 1"),
    )


def call_logged(*related: Related, owner: UUID | None = None, person: UUID | None = None) -> ActivityLogged:
    """A call of a quarter of an hour."""
    return ActivityLogged(
        kind=ActivityKind.CALL,
        subject="Called",
        body="They “think”",
        related=related,
        person_id=person,
        owner_id=owner,
        minutes=15,
    )


def task_scheduled(*related: Related, owner: UUID | None = None, person: UUID | None = None) -> ActivityScheduled:
    """A task for the next day."""
    return ActivityScheduled(
        kind=ActivityKind.TASK,
        subject="Send the offer",
        body=None,
        related=related,
        person_id=person,
        owner_id=owner,
        due_at=NOON + timedelta(days=1),
    )


def view_saved(name: str = "Hot leads", *, shared: bool = False) -> ViewSaved:
    """A list of leads."""
    return ViewSaved(
        kind=ListedKind.LEAD, name=name, filter='{"status":"QUALIFIED"}', sort=None, shared=shared, owner_id="ada"
    )


def customers(log: Log) -> None:
    """A few of each kind, with what is never taken away again."""
    for number in (1, 2):
        log.append("lead", some_id(f"lead {number}"), lead_captured())
        log.append("contact", some_id(f"contact {number}"), contact_created())
        log.append("saved_view", some_id(f"view {number}"), view_saved(f"View {number}"))
        related = (Related(RelatedKind.LEAD, some_id(f"lead {number}")), Related(RelatedKind.DEAL, some_id("deal 1")))
        task = task_scheduled(*related, owner=some_id("user 1"), person=some_id(f"lead {number}"))
        log.append("activity", some_id(f"activity {number}"), task)
    log.append("saved_view", some_id(f"view {KEPT}"), view_saved(shared=True))
    log.append(
        "contact",
        some_id("contact 1"),
        ContactAccountLinked(account_id=some_id(f"account {KEPT}"), role="Buyer"),
        ContactRelated(other_id=some_id(f"contact {KEPT}"), relation=Relation.REPORTS_TO),
    )


def something(random: Random) -> Happening:
    """One command to one of them, or to a new one."""
    which = random.randrange(2) + 1
    few = random.choice((1, 1, 3))
    match random.randrange(8):
        case 0 | 1:
            return "lead", some_id(f"lead {which}"), [_one_of(random, LEAD) for _ in range(few)]
        case 2 | 3 | 4:
            return "contact", some_id(f"contact {which}"), [_one_of(random, CONTACT) for _ in range(few)]
        case 5:
            return "activity", some_id(f"activity {which}"), [_one_of(random, ACTIVITY) for _ in range(few)]
        case 6:
            return "activity", UUID(int=random.getrandbits(128)), [_begun(random)]
        case _:
            return "saved_view", some_id(f"view {which}"), [_one_of(random, VIEW)]


def _one_of(random: Random, happenings: Sequence[Callable[[Random], Event]]) -> Event:
    return random.choice(happenings)(random)


def _some(random: Random, kind: str, *, nobody: bool = False) -> UUID | None:
    return None if nobody and random.random() < 0.3 else some_id(f"{kind} {random.randrange(3)}")


def _thing(random: Random, kind: str) -> UUID:
    return some_id(f"{kind} {random.randrange(3)}")


def _changes(random: Random) -> PersonChange:
    return random.choice(
        (
            PersonChange(name=random.choice((None, "Ada “L”", "Grace"))),
            PersonChange(email=random.choice((None, "ADA@x.example", "straße@x.example")), job_title=None),
            PersonChange(phone=random.choice((None, "0800 1")), phone_e164=None),
        )
    )


def _attributes(random: Random) -> tuple[Attribute, ...]:
    return (Attribute(f"a{random.randrange(3)}", random.choice((None, "x", "y"))), Attribute("rank", "captain"))


def _begun(random: Random) -> Event:
    kinds = list(RelatedKind)
    related = [Related(kind, _thing(random, kind)) for kind in random.sample(kinds, k=random.randrange(3))]
    related += related[:1]  # said twice, it is about it once
    owner, person = _some(random, "user", nobody=True), _some(random, "lead", nobody=True)
    return random.choice((call_logged, task_scheduled))(*related, owner=owner, person=person)


def _converted(random: Random) -> Event:
    deal = DealTarget(id=_thing(random, "deal"), new=True, name="Ships", pipeline_id=some_id("pipeline"), amount=None)
    return random.choice(
        (
            LeadConverted(account=None, contact=None, deal=None),
            LeadConverted(account=Target(_thing(random, "account"), new=False), contact=None, deal=deal),
            LeadConverted(account=None, contact=Target(_thing(random, "contact"), new=True), deal=None),
        )
    )


LEAD: Sequence[Callable[[Random], Event]] = (
    lambda r: LeadDetailsChanged(person=_changes(r)),
    lambda r: LeadDetailsChanged(attributes=_attributes(r), company=r.choice((None, "Mark I")), source="Web"),
    lambda r: LeadOwnerAssigned(owner_id=_some(r, "user", nobody=True)),
    lambda r: LeadScored(score=r.randrange(101), model="m1", reasons=r.choice(((), ("opened a mail", "“big”")))),
    lambda _: LeadQualified(),
    lambda r: LeadDisqualified(reason=r.choice(list(DisqualificationReason)), detail="later"),
    lambda _: LeadReopened(),
    lambda _: LeadNoted(text="Called \N{SNOWMAN}"),
    _converted,
    lambda r: LeadConversionCompleted(account_id=_thing(r, "account"), contact_id=None, deal_id=_thing(r, "deal")),
    lambda r: LeadConversionFailed(step=r.choice(list(ConversionStep)), code="EmailTaken", reason="it is Ada's"),
    lambda r: LeadMerged(into_id=_thing(r, "lead")),
    lambda r: LeadAbsorbed(merged_id=_thing(r, "lead"), person=_changes(r), attributes=_attributes(r)),
    lambda _: LeadArchived(),
    lambda _: LeadRestored(),
)
CONTACT: Sequence[Callable[[Random], Event]] = (
    lambda r: ContactDetailsChanged(person=_changes(r)),
    lambda r: ContactDetailsChanged(attributes=_attributes(r)),
    lambda r: ContactOwnerAssigned(owner_id=_some(r, "user", nobody=True)),
    lambda r: ContactAccountLinked(account_id=_thing(r, "account"), role=r.choice((None, "Buyer", "Boss"))),
    lambda r: ContactAccountUnlinked(account_id=_thing(r, "account")),
    lambda r: ContactRelated(other_id=_thing(r, "contact"), relation=r.choice(list(Relation))),
    lambda r: ContactUnrelated(other_id=_thing(r, "contact"), relation=r.choice(list(Relation))),
    lambda r: ContactConsentGiven(channel=r.choice(list(Channel)), purpose=r.choice("ab"), evidence="a form"),
    lambda r: ContactConsentWithdrawn(channel=r.choice(list(Channel)), purpose=r.choice("ab")),
    lambda _: ContactArchived(),
    lambda _: ContactRestored(),
    lambda r: ContactMerged(into_id=_thing(r, "contact")),
    lambda r: ContactAbsorbed(merged_id=_thing(r, "contact"), person=_changes(r), attributes=_attributes(r)),
)
ACTIVITY: Sequence[Callable[[Random], Event]] = (
    lambda r: ActivityRescheduled(due_at=NOON + timedelta(hours=r.randrange(99))),
    lambda r: ActivityReassigned(owner_id=_some(r, "user", nobody=True)),
    lambda r: ActivityCompleted(outcome="done", person_id=_some(r, "lead", nobody=True)),
    lambda r: ActivityCancelled(reason="gone", person_id=_some(r, "lead", nobody=True)),
)
VIEW: Sequence[Callable[[Random], Event]] = (
    lambda r: ViewChanged(name=f"View {r.randrange(9)}"),
    lambda r: ViewChanged(filter="{}", sort=r.choice((None, "NAME_ASC")), shared=r.random() < 0.5),
    lambda _: ViewDeleted(),
)
