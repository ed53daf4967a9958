"""Clients that send everything three times at once, to two processes, on a real log."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from event_schemas.activity import ActivityKind, Related, RelatedKind
from event_schemas.streams import START
from tests.support.addresses import Client, Clock
from tests.support.events import some_id
from tests.support.secrets import MASTER
from write_side.adapters.postgres import PostgresEventStore
from write_side.application.requests import Outcome
from write_side.bootstrap import postgres_store
from write_side.domain.activity import LogActivity
from write_side.domain.contact_commands import CreateContact
from write_side.domain.decider import Command
from write_side.domain.lead_commands import CaptureLead, QualifyLead, ScoreLead

PEOPLE = 2_000
IN_FLIGHT = 128
RESERVED = "email.reserved"


@pytest.fixture
async def stores(crm_database: str) -> AsyncIterator[list[PostgresEventStore]]:
    """The log of two processes."""
    async with (
        postgres_store(crm_database, master_secret=MASTER) as one,
        postgres_store(crm_database, master_secret=MASTER) as other,
    ):
        yield [one, other]


def steps() -> Iterator[list[Command]]:
    """10,000 commands; those of a step need the steps before it."""
    leads = [some_id(f"lead {number}") for number in range(PEOPLE)]
    yield [CaptureLead(id=lead, name=f"Person {number}") for number, lead in enumerate(leads)]
    yield [ScoreLead(id=lead, score=number % 101, model="m", reasons=()) for number, lead in enumerate(leads)]
    yield [QualifyLead(id=lead) for lead in leads]
    yield [CreateContact(id=some_id(f"contact {n}"), email=f"p{n}@example.org") for n in range(PEOPLE)]
    yield [
        LogActivity(
            id=some_id(f"call {number}"),
            kind=ActivityKind.CALL,
            subject="Called",
            related=(Related(RelatedKind.LEAD, lead),),
        )
        for number, lead in enumerate(leads)
    ]


async def test_each_has_one_effect(stores: list[PostgresEventStore], figure: Callable[[str], None]) -> None:
    """All three answers tell the same effect, and the log holds it once."""
    clients = [Client(store, Clock()) for store in stores]
    room = asyncio.Semaphore(IN_FLIGHT)

    async def thrice(number: int, command: Command) -> list[Outcome]:
        async with room:
            key = f"{type(command).__name__} {number}"
            return await asyncio.gather(*(clients[which % 2].send(command, key=key) for which in range(3)))

    sent = 0
    for commands in steps():
        for answers in await asyncio.gather(*(thrice(n, command) for n, command in enumerate(commands))):
            sent += len(answers)
            assert len({(answer.entity_id, answer.version, answer.position) for answer in answers}) == 1
            assert sorted(answer.repeated for answer in answers) == [False, True, True]
    events = await stores[0].read_all(after=START, limit=100_000)
    # two processes may each renew the reservation of one contact; that is no effect of the command
    reserved, told = [event for event in events if event.type == RESERVED], Counter(event.type for event in events)
    assert len({event.stream for event in reserved}) == len({event.entity_id for event in reserved}) == PEOPLE
    del told[RESERVED]
    assert told == dict.fromkeys(
        ("lead.captured", "lead.scored", "lead.qualified", "contact.created", "activity.logged"), PEOPLE
    )
    figure(f"{sent} sent, {sent // 3} commands: one effect each")
