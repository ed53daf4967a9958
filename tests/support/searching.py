"""Entities to be found, and what a search and its entities look like to tests."""

from collections.abc import Sequence
from typing import Any, Final, Protocol
from uuid import UUID

from event_schemas.account import AccountOpened
from event_schemas.activity import ActivityKind, ActivityLogged
from event_schemas.contact import ContactCreated
from event_schemas.deal import DealOpened
from event_schemas.envelope import StoredEvent
from event_schemas.lead import LeadCaptured
from event_schemas.people import Person
from event_schemas.streams import TenantId
from read_api.search import Answer, Hit, Question
from tests.support.events import DEMO, Log, some_id
from tests.support.histories import PIPELINE, PROSPECTING, usd

OTHER_TENANT: Final = TenantId("other")
ADA, BO = some_id("user ada"), some_id("user bo")


class Searched(Protocol):
    """A search and what it searches."""

    async def learn(self, events: Sequence[StoredEvent]) -> None:
        """The events' entities can be found from now on; the log goes on where it ended."""
        ...

    async def find(self, question: Question, tenant: TenantId = DEMO) -> Answer:
        """Ask."""
        ...


def lead(name: str | None, **fields: Any) -> LeadCaptured:
    """A lead; the person's fields by their names, and those of the event."""
    person = {key: fields.pop(key) for key in ("job_title", "email", "phone", "phone_e164") if key in fields}
    nothing = dict.fromkeys(("company", "source", "campaign", "external_id", "attributes", "owner_id"))
    return LeadCaptured(person=Person(name=name, **person), **{**nothing, **fields})


def contact(name: str, **person: Any) -> ContactCreated:
    """A contact of nobody's."""
    return ContactCreated(
        person=Person(name=name, **person), external_id=None, attributes=None, owner_id=None, lead_id=None
    )


def account(name: str, *, sector: str | None = None, owner: UUID | None = None) -> AccountOpened:
    """An account of which little is known."""
    nothing = dict.fromkeys(("year_established", "revenue", "employees", "location", "territory"))
    return AccountOpened(name=name, sector=sector, owner_id=owner, **nothing)


def deal(name: str, *, owner: UUID | None = None, stage: UUID = PROSPECTING) -> DealOpened:
    """A deal of no account."""
    return DealOpened(
        name=name,
        pipeline_id=PIPELINE,
        stage_id=stage,
        amount=usd(1),
        account_id=None,
        owner_id=owner,
        product_id=None,
        expected_close=None,
    )


def logged(subject: str, body: str) -> ActivityLogged:
    """A call about nobody."""
    return ActivityLogged(
        kind=ActivityKind.CALL, subject=subject, body=body, related=(), person_id=None, owner_id=None, minutes=None
    )


def leads(log: Log, *names: str, **fields: Any) -> None:
    """A lead for each of the names, under which its id is known."""
    for name in names:
        log.append("lead", some_id(name), lead(name, **fields))


def names(answer: Answer) -> list[str]:
    """Of the hits, in their order."""
    return [hit.name for hit in answer.hits]


def marked(hit: Hit) -> dict[str, list[str]]:
    """What is marked in each field."""
    return {each.field: [piece.text for piece in each.pieces if piece.marked] for each in hit.highlights}


async def find(searched: Searched, text: str, **asked: Any) -> list[str]:
    """The names of the hits."""
    return names(await searched.find(Question(text=text, **asked)))
