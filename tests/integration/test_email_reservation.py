"""E-mail addresses on a real log: two processes race for them, round after round."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from random import Random
from typing import Any
from uuid import UUID

import pytest

from event_schemas.ports import ANY
from event_schemas.registry import Event
from event_schemas.streams import START, StreamName
from tests.support.addresses import MAIL, Client, Clock, most_at_once
from tests.support.events import some_id
from tests.support.secrets import MASTER
from write_side.adapters.postgres import PostgresEventStore
from write_side.application.ports import Appended, EventStoreUnavailable
from write_side.application.requests import Outcome
from write_side.bootstrap import postgres_store
from write_side.domain.contact_commands import ArchiveContact, ChangeContactDetails, CreateContact, RestoreContact
from write_side.domain.decider import Command
from write_side.domain.email import EmailReserved, EmailTaken
from write_side.domain.errors import Rejected

ROUNDS = 100


@pytest.fixture
async def stores(crm_database: str) -> AsyncIterator[list[PostgresEventStore]]:
    """The log of two processes."""
    async with (
        postgres_store(crm_database, master_secret=MASTER) as one,
        postgres_store(crm_database, master_secret=MASTER) as other,
    ):
        yield [one, other]


async def outcome(client: Client, command: Command) -> Any:
    """What came of a command, or how it was refused."""
    try:
        return await client.send(command)
    except Rejected as refusal:
        return refusal


async def most(store: PostgresEventStore) -> int:
    """How many contacts had one address, when most had."""
    return most_at_once(await store.read_all(after=START, limit=100_000, where=ANY))


def contact_of(number: int, which: int) -> UUID:
    """One of the two contacts of a round."""
    return some_id(f"contact {number} {which}")


async def test_of_two_that_race_exactly_one_gets_the_address(stores: list[PostgresEventStore]) -> None:
    """In every round one is accepted and the other is refused; the refusal is for the address."""
    clients = [Client(store, Clock()) for store in stores]
    for number in range(ROUNDS):
        commands = [CreateContact(id=contact_of(number, which), email=f"m{number}@example.org") for which in range(2)]
        answers = await asyncio.gather(*map(outcome, clients, commands))
        assert sorted(isinstance(answer, Outcome) for answer in answers) == [False, True], answers
        assert any(isinstance(answer, EmailTaken | EmailReserved) for answer in answers)
    assert await most(stores[0]) == 1


async def test_nobody_ever_shares_an_address(stores: list[PostgresEventStore]) -> None:
    """Two processes create, change, archive and restore for the same address, and are cut off anywhere."""
    random, clock = Random(7), Clock()
    clients = [Client(store, clock) for store in stores]
    people = [contact_of(0, which) for which in range(3)]

    def any_command() -> Command:
        who = random.choice(people)
        email = random.choice((None, "a@example.org", "A@example.org", "b@example.org"))
        commands: list[Command] = [
            CreateContact(id=who, name="N", email=email),
            ChangeContactDetails(id=who, email=email),
            ArchiveContact(id=who),
            RestoreContact(id=who),
        ]
        return random.choice(commands)

    async def live(client: Client) -> None:
        for _ in range(ROUNDS):
            clock.pass_by(minutes=random.choice((0, 0, 3)))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(random.choice((None, None, 0.002, 0.005))):
                    await outcome(client, any_command())

    await asyncio.gather(*(live(client) for client in clients * 2))
    types = [stored.type for stored in await stores[0].read_all(after=START, limit=100_000, where=ANY)]
    assert await most(stores[0]) == 1
    assert types.count("email.released") > 10


async def test_a_process_that_is_gone_leaves_the_address_to_others_after_ten_minutes(
    stores: list[PostgresEventStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reserved and came no further: its own contact may go on, any other has to wait, and then takes it over."""
    clock = Clock()
    here, there = (Client(store, clock) for store in stores)
    ada, bob, append = contact_of(0, 0), contact_of(0, 1), stores[0].append

    async def cut_off(stream: StreamName, events: Sequence[Event], **rest: Any) -> Appended:
        if stream.startswith("contact-"):
            raise EventStoreUnavailable("the process is gone")
        return await append(stream, events, **rest)

    with monkeypatch.context() as patch:
        patch.setattr(stores[0], "append", cut_off)
        for command in (CreateContact(id=ada, email=MAIL), CreateContact(id=contact_of(0, 2), email="other@x.org")):
            with pytest.raises(EventStoreUnavailable):
                await here.send(command)
    await here.create(contact_of(0, 2), "other@x.org")
    with pytest.raises(EmailReserved):
        await there.create(bob)
    clock.pass_by(minutes=10)
    await there.create(bob)
    with pytest.raises(EmailTaken):
        await here.create(ada)
    assert await most(stores[0]) == 1
