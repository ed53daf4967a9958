"""Commands of several processes at once, in any order that a log allows: an address never has two contacts."""

import asyncio
from random import Random
from typing import Any

import pytest

from event_schemas.ports import ANY
from event_schemas.streams import START
from tests.support.addresses import ADA, BOB, EVE, MAIL, Client, Clock, Dawdling, most_at_once
from tests.support.events import some_id
from write_side.application.requests import Contention, Outcome
from write_side.domain.account import MergeAccount, OpenAccount
from write_side.domain.contact_commands import (
    AbsorbContact,
    ArchiveContact,
    ChangeContactDetails,
    CreateContact,
    MergeContact,
    RestoreContact,
)
from write_side.domain.decider import Command
from write_side.domain.email import EmailReserved, EmailTaken
from write_side.domain.errors import Rejected
from write_side.domain.lead_commands import CaptureLead, MergeLead
from write_side.domain.references import AccountIsMerged, ContactIsMerged, LeadIsMerged

OTHER_MAIL = "other@example.org"
PEOPLE = (ADA, BOB, EVE)


def dawdling(clock: Clock, seed: int) -> Dawdling:
    """A log in which anybody may be first."""
    store = Dawdling.empty(clock)
    store.random = Random(seed)
    return store


async def outcome(client: Client, command: Command) -> Any:
    """What came of a command, or how it was refused."""
    try:
        return await client.send(command)
    except (Rejected, Contention) as refusal:
        return refusal


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("seed", range(40))
async def test_of_two_that_want_an_address_one_gets_it(seed: int, processes: int) -> None:
    """The other is refused, in one process by the name of who has it."""
    clock = Clock()
    store = dawdling(clock, seed)
    clients = [Client(store, clock) for _ in range(processes)]
    answers = await asyncio.gather(
        outcome(clients[0], CreateContact(id=ADA, email=MAIL)), outcome(clients[-1], CreateContact(id=BOB, email=MAIL))
    )
    refusals = [one for one in answers if isinstance(one, Rejected)]
    assert len(refusals) == 1
    assert isinstance(refusals[0], EmailTaken if processes == 1 else EmailTaken | EmailReserved)
    assert most_at_once(await store.read_all(after=START, limit=1000, where=ANY)) == 1


def any_command(random: Random) -> Command:
    """About one of three people and one of two addresses."""
    who, other = random.sample(PEOPLE, k=2)
    email = random.choice((MAIL, MAIL.upper(), OTHER_MAIL, None))
    commands: tuple[Command, ...] = (
        CreateContact(id=who, name="N", email=email),
        ChangeContactDetails(id=who, email=email),
        ChangeContactDetails(id=who, email=email),
        ArchiveContact(id=who),
        RestoreContact(id=who),
        RestoreContact(id=who),
        MergeContact(id=who, into_id=other),
        AbsorbContact(id=other, merged_id=who),
    )
    return random.choices(commands, weights=(4, 4, 4, 2, 2, 2, 1, 1))[0]


async def walk(seed: int) -> tuple[Dawdling, list[Any]]:
    """Four clients of three processes, 15 commands each, while hours go by; now and then one is killed."""
    random, clock = Random(seed), Clock()
    store = dawdling(clock, seed)
    processes = [Client(store, clock) for _ in range(3)]
    answers: list[Any] = []

    async def live(client: Client) -> None:
        for _ in range(15):
            clock.pass_by(minutes=random.choice((0, 0, 1, 10)))
            sending = asyncio.ensure_future(outcome(client, any_command(random)))
            if random.random() < 0.2:
                for _ in range(random.randrange(40)):
                    await asyncio.sleep(0)
                sending.cancel()
            await asyncio.wait([sending])
            if not sending.cancelled():
                answers.append(sending.result())

    await asyncio.gather(*(live(client) for client in (*processes, processes[0])))
    return store, answers


@pytest.mark.parametrize("seed", range(150))
async def test_no_address_ever_has_two_contacts(seed: int) -> None:
    """Whatever is sent, by however many, wherever it is killed, and however late it goes on."""
    store, _ = await walk(seed)
    assert most_at_once(await store.read_all(after=START, limit=10_000, where=ANY)) <= 1


async def test_the_walks_meet_what_they_look_for() -> None:
    """Addresses are taken, refused for both reasons, and taken over from reservations that were never used."""
    met: set[Any] = set()
    for seed in range(12):
        store, answers = await walk(seed)
        met |= {type(answer) for answer in answers}
        met |= {stored.type for stored in await store.read_all(after=START, limit=10_000, where=ANY)}
    assert {EmailTaken, EmailReserved, "email.released", "contact.restored", "contact.absorbed"} <= met
    assert "command.accepted" in met


@pytest.mark.parametrize("seed", range(40))
async def test_two_that_are_merged_into_one_another_do_not_both_vanish(seed: int) -> None:
    """One merge gets through, the other is refused, in whatever process: contacts, leads and accounts alike."""
    clock = Clock()
    store = dawdling(clock, seed)
    here, there = Client(store, clock), Client(store, clock)
    first, second = some_id("first"), some_id("second")
    for create in (CaptureLead, CreateContact, OpenAccount):
        for one in (first, second):
            await here.send(create(id=one, name="N"))
    for merge, refusal in ((MergeLead, LeadIsMerged), (MergeContact, ContactIsMerged), (MergeAccount, AccountIsMerged)):
        answers = await asyncio.gather(
            outcome(here, merge(id=first, into_id=second)), outcome(there, merge(id=second, into_id=first))
        )
        assert {type(one) for one in answers} == {Outcome, refusal}
