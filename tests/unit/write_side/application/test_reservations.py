"""An e-mail address has one contact at a time: one after the other, and when something fails in between."""

import asyncio
from typing import Any

import pytest

from event_schemas.contact import ContactCreated, ContactDetailsChanged
from event_schemas.email import EmailReleased
from event_schemas.ports import ANY
from event_schemas.streams import START, StreamName, TenantId
from tests.support.addresses import ADA, BOB, EVE, MAIL, NOW, Client, Clock, Stalling, StoreInFront, most_at_once
from tests.support.events import some_id
from write_side.application.ports import EventStoreUnavailable
from write_side.domain.contact_commands import (
    AbsorbContact,
    ArchiveContact,
    CreateContact,
    MergeContact,
    RestoreContact,
)
from write_side.domain.email import EmailReserved, EmailTaken

OTHER_MAIL = "other@example.org"
NOBODY = some_id("nobody")


@pytest.fixture
def clock() -> Clock:
    """It stands at noon."""
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Stalling:
    """An empty log."""
    return Stalling.empty(clock)


@pytest.fixture
def client(store: Stalling, clock: Clock) -> Client:
    """One process of the platform."""
    return Client(store, clock)


async def log(store: StoreInFront) -> list[Any]:
    """All that was ever stored."""
    return list(await store.read_all(after=START, limit=10_000, where=ANY))


async def email_events(store: StoreInFront) -> list[str]:
    """What happened to addresses."""
    return [stored.type for stored in await log(store) if stored.stream.startswith("email-")]


async def test_an_address_that_another_contact_has_is_refused(client: Client) -> None:
    """The refusal names the contact; nothing is stored."""
    await client.create(ADA)
    with pytest.raises(EmailTaken) as refused:
        await client.create(BOB)
    assert refused.value.holder_id == ADA
    assert str(ADA) in refused.value.message


@pytest.mark.parametrize("spelled", ["SALES@EXAMPLE.ORG", "  Sales@Example.Org "])
async def test_case_and_spaces_make_no_other_address(client: Client, spelled: str) -> None:
    """Two spellings of one address are one address; the same contact may spell it anew."""
    await client.create(ADA)
    with pytest.raises(EmailTaken):
        await client.create(BOB, spelled)
    await client.change(ADA, spelled)


async def test_tenants_have_their_own_addresses(client: Client, store: Stalling) -> None:
    """The same address in two tenants is two, and their streams do not show that it is the same."""
    await client.create(ADA)
    await client.create(BOB, tenant=TenantId("other"))
    first, second = {stored.stream for stored in await log(store) if stored.stream.startswith("email-")}
    assert first.rpartition("~")[2] != second.rpartition("~")[2]


async def test_the_log_does_not_show_the_address(client: Client, store: Stalling) -> None:
    """Neither in a stream's name nor in an event's bytes."""
    await client.create(ADA)
    for stored in await log(store):
        assert b"example.org" not in stored.stream.encode() + stored.metadata + stored.data


async def test_an_address_that_was_changed_is_free(client: Client) -> None:
    """At once, and the new one is taken."""
    await client.create(ADA)
    await client.change(ADA, OTHER_MAIL)
    await client.create(BOB)
    with pytest.raises(EmailTaken):
        await client.create(EVE, OTHER_MAIL)
    await client.change(ADA, None)
    await client.create(EVE, OTHER_MAIL)


async def test_a_change_to_what_is_taken_is_refused(client: Client) -> None:
    """And the contact keeps what it had."""
    await client.create(ADA)
    await client.create(BOB, OTHER_MAIL)
    with pytest.raises(EmailTaken):
        await client.change(BOB, MAIL)
    with pytest.raises(EmailTaken):
        await client.create(EVE, OTHER_MAIL)


async def test_an_archived_contact_lets_its_address_go(client: Client) -> None:
    """And takes it again when it is restored, unless it is somebody else's by then."""
    await client.create(ADA)
    await client.send(ArchiveContact(id=ADA))
    await client.send(RestoreContact(id=ADA))
    with pytest.raises(EmailTaken):
        await client.create(BOB)
    await client.send(ArchiveContact(id=ADA))
    await client.create(BOB)
    with pytest.raises(EmailTaken) as refused:
        await client.send(RestoreContact(id=ADA))
    assert refused.value.holder_id == BOB


async def test_a_merged_contact_lets_its_address_go(client: Client) -> None:
    """The survivor takes it over if it has none; if somebody was quicker, it does without."""
    await client.create(ADA)
    await client.create(BOB, None)
    await client.send(MergeContact(id=ADA, into_id=BOB))
    await client.send(AbsorbContact(id=BOB, merged_id=ADA))
    with pytest.raises(EmailTaken) as refused:
        await client.create(EVE)
    assert refused.value.holder_id == BOB
    await client.create(EVE, None)
    await client.send(MergeContact(id=BOB, into_id=EVE))
    dan = await client.send(CreateContact(id=NOBODY, email=MAIL))
    with pytest.raises(EmailTaken):
        await client.send(AbsorbContact(id=EVE, merged_id=BOB))
    await client.send(AbsorbContact(id=EVE, merged_id=BOB, with_email=False))
    assert dan.events == 1


async def test_a_repeat_reserves_nothing(client: Client, store: Stalling) -> None:
    """The log answers it, also when the address is somebody else's by now."""
    first = await client.create(ADA, key="k")
    await client.change(ADA, None)
    await client.create(BOB)
    before = len(await log(store))
    again = await client.create(ADA, key="k")
    assert again.repeated
    assert again.version == first.version
    assert len(await log(store)) == before


async def test_a_contact_that_keeps_its_address_reserves_nothing(client: Client, store: Stalling) -> None:
    """Nor does one that has none."""
    await client.create(ADA)
    await client.create(BOB, None)
    await client.send(RestoreContact(id=ADA))
    assert await email_events(store) == ["email.reserved"]


class Failing(StoreInFront):
    """Loses its connection when a kind of event is appended."""

    on: type | None = None

    async def before(self, stream: StreamName, events: Any) -> None:
        """The connection is gone."""
        if self.on is not None and isinstance(events[0], self.on):
            raise EventStoreUnavailable("gone")


@pytest.fixture
def failing(clock: Clock) -> Failing:
    """A log that fails between the reservation and the contact."""
    store = Failing.empty(clock)
    store.on = ContactCreated
    return store


async def crash(store: Failing, clock: Clock) -> Client:
    """A process that reserved the address for Ada and never came further; the answer is another process."""
    with pytest.raises(EventStoreUnavailable):
        await Client(store, clock).create(ADA, key="k")
    store.on = None
    return Client(store, clock)


async def test_after_a_crash_the_same_contact_may_go_on(failing: Failing, clock: Clock) -> None:
    """At once, by the same command or another."""
    client = await crash(failing, clock)
    await client.create(ADA, key="k")
    with pytest.raises(EmailTaken):
        await client.create(BOB)


async def test_after_a_crash_another_contact_waits_ten_minutes(failing: Failing, clock: Clock) -> None:
    """Then it takes the address over, and the first one's repeat is refused."""
    client = await crash(failing, clock)
    with pytest.raises(EmailReserved) as refused:
        await client.create(BOB)
    assert "12:10:00" in refused.value.message
    clock.pass_by(minutes=9, seconds=59)
    with pytest.raises(EmailReserved):
        await client.create(BOB)
    clock.pass_by(seconds=1)
    await client.create(BOB)
    with pytest.raises(EmailTaken):
        await client.create(ADA, key="k")


async def test_whoever_goes_on_late_is_waited_for_again(failing: Failing, clock: Clock) -> None:
    """A reservation that is used once more is young again."""
    client = await crash(failing, clock)
    clock.pass_by(minutes=9)
    failing.on = ContactCreated
    with pytest.raises(EventStoreUnavailable):
        await client.create(ADA, key="k")
    failing.on = None
    clock.pass_by(minutes=9)
    with pytest.raises(EmailReserved):
        await client.create(BOB)


async def test_a_stalled_command_does_not_get_what_was_taken_over(
    store: Stalling, client: Client, clock: Clock
) -> None:
    """However late it wakes between its reservation and its contact: it has to read again, and is refused."""
    store.stall("before", ContactCreated)
    stalled = asyncio.create_task(client.create(ADA))
    await store.reached.wait()
    clock.pass_by(minutes=10)
    await Client(store, clock).create(BOB)
    store.go_on.set()
    with pytest.raises(EmailTaken) as refused:
        await stalled
    assert refused.value.holder_id == BOB
    assert most_at_once(await log(store)) == 1


@pytest.mark.parametrize("place", [("before", EmailReleased), ("after", ContactDetailsChanged)], ids=["late", "later"])
async def test_a_late_release_does_not_free_what_is_used_again(
    store: Stalling, client: Client, clock: Clock, place: Any
) -> None:
    """The contact has the address again, by another process, before the first one comes to release it."""
    await client.create(ADA)
    store.stall(*place)
    changing = asyncio.create_task(client.change(ADA, None))
    await store.reached.wait()
    elsewhere = Client(store, clock)
    await elsewhere.change(ADA, MAIL)
    store.go_on.set()
    await changing
    with pytest.raises(EmailTaken):
        await elsewhere.create(BOB)


async def test_a_change_counts_though_the_old_address_could_not_be_released(failing: Failing, clock: Clock) -> None:
    """It is acknowledged; nobody uses the old address, so it can be had when it is no longer young."""
    failing.on = None
    client = Client(failing, clock)
    await client.create(ADA)
    failing.on = EmailReleased
    assert (await client.change(ADA, OTHER_MAIL)).events == 1
    clock.pass_by(minutes=10)
    await client.create(BOB)


async def test_a_command_that_stalls_before_its_reservation_finds_out(
    store: Stalling, client: Client, clock: Clock
) -> None:
    """A change that was decided before another process took the address is decided again."""
    await client.create(ADA, None)
    store.stall("before", ContactDetailsChanged)
    stalled = asyncio.create_task(client.change(ADA, MAIL))
    await store.reached.wait()
    with pytest.raises(EmailReserved):
        await Client(store, clock).create(BOB)
    store.go_on.set()
    assert (await stalled).version == 2
    assert clock.now == NOW
