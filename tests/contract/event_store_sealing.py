"""What every event store holds to: personal data is sealed under its person's key, which is kept beside the log."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from event_schemas.activity import ActivityKind, ActivityLogged, Related, RelatedKind
from event_schemas.codec import UndecodableEvent, decode, is_chained
from event_schemas.envelope import EMPTY, StoredEvent, StreamHead
from event_schemas.lead import LeadCaptured, LeadDetailsChanged, LeadNoted, LeadQualified
from event_schemas.people import Attribute, Person, PersonChange
from event_schemas.registry import Event
from event_schemas.streams import StreamName, TenantId, parse_stream, stream_name
from tests.contract.event_store import DEMO, origin
from tests.contract.event_store_reading import take
from tests.contract.event_store_trial import EventStoreTrial, OpenStore, Ordinals
from write_side.application.ports import Appended, EventStore, SubjectErased, VersionConflict

Erase = Callable[[TenantId, UUID], Awaitable[None]]
"""Throws a person's key away, as an erasure does."""

Lose = Callable[[TenantId, UUID], Awaitable[None]]
"""Loses a person's key, as a restore without the keys would."""

CAPTURED = LeadCaptured(
    person=Person(name="Mary Hopkins", email="mary@example.com", phone="0171 555"),
    company="Acme",
    source="Trade fair",
    campaign=None,
    external_id=None,
    attributes=(Attribute("shoe size", "38"),),
    owner_id=None,
)
NOTED = LeadNoted(text="Mary prefers mornings")
SECRETS = (b"Mary H", b"Hopkins", b"mary@", b"0171 555", b"shoe size", b"prefers mornings")


def a_lead(tenant: TenantId = DEMO, id: UUID | None = None) -> StreamName:
    """The name of a lead's stream that nothing is in."""
    return stream_name("lead", tenant, id or uuid4())


async def append(
    store: EventStore, stream: StreamName, *facts: Event, expected: StreamHead = EMPTY, tenant: TenantId | None = None
) -> Appended:
    """One command, of the stream's tenant."""
    sent = origin(tenant=tenant or parse_stream(stream).tenant)
    return await store.append(stream, facts, expected=expected, origin=sent)


def facts_of(events: Any) -> list[Event]:
    """What the events say."""
    return [decode(event).event for event in events]


def assert_chained(events: list[StoredEvent]) -> None:
    """Each event continues the one before."""
    heads = [EMPTY, *(StreamHead(event.stream_version, event.hash) for event in events)]
    assert all(is_chained(head, event) for head, event in zip(heads, events, strict=False))


class EventStoreSealingContract(EventStoreTrial):
    """Sealing; a subclass's module provides ``erase`` and ``lose`` too."""

    async def test_personal_data_comes_back_and_is_not_in_the_log(
        self, store: EventStore, tenant: TenantId, ordinals: Ordinals, open_store: OpenStore
    ) -> None:
        """By every way of reading, also by a store that did not write it; what is stored does not show it."""
        lead, start = uuid4(), await ordinals.position(0)
        stream = a_lead(tenant, id=lead)
        await append(store, stream, CAPTURED, LeadQualified(), NOTED)
        for reader in (store, await open_store()):
            ways = (
                await reader.load(stream),
                (await reader.load_many({stream: 0}))[stream],
                await reader.read_all(after=start, limit=10),
                await reader.read_entity(tenant, lead, after=start, limit=10),
                await take(reader.follow(after=start), 3),
            )
            for events in ways:
                assert facts_of(events) == [CAPTURED, LeadQualified(), NOTED]
                assert [event.subject_id for event in events] == [lead, None, lead]
                assert not [word for word in SECRETS for e in events if word in e.data or word in e.metadata]
            assert_chained(list(ways[0]))

    async def test_a_person_has_one_key(
        self, store: EventStore, tenant: TenantId, ordinals: Ordinals, open_store: OpenStore
    ) -> None:
        """However many commands make it at once, of whatever stores: all of what they sealed can be opened."""
        people, stores = [uuid4() for _ in range(5)], [store, await open_store()]

        def logged(person: UUID) -> ActivityLogged:
            related = (Related(RelatedKind.LEAD, person),)
            return ActivityLogged(
                kind=ActivityKind.CALL,
                subject="Called Mary",
                body=None,
                related=related,
                person_id=person,
                owner_id=None,
                minutes=None,
            )

        await asyncio.gather(
            *(
                append(stores[number % 2], stream_name("activity", tenant, uuid4()), logged(people[number % 5]))
                for number in range(60)
            )
        )
        events = await store.read_all(after=await ordinals.position(0), limit=100)
        keys = {(event.subject_id, event.key) for event in events}
        assert len(keys) == len(people)
        assert {event.subject for event in facts_of(events) if isinstance(event, ActivityLogged)} == {"Called Mary"}

    async def test_tenants_share_no_key(
        self, store: EventStore, tenant: TenantId, other_tenant: TenantId, ordinals: Ordinals
    ) -> None:
        """The same id in another tenant is somebody else."""
        lead = uuid4()
        for whose in (tenant, other_tenant):
            await append(store, a_lead(whose, lead), CAPTURED)
        one, two = await store.read_all(after=await ordinals.position(0), limit=10)
        assert one.key != two.key
        assert facts_of((one, two)) == [CAPTURED, CAPTURED]

    async def test_who_was_erased_is_forgotten(
        self, store: EventStore, tenant: TenantId, open_store: OpenStore, erase: Erase
    ) -> None:
        """At once, by every store: the events stay and are chained, what was personal in them is null."""
        lead, other, again = uuid4(), a_lead(tenant), await open_store()
        stream = a_lead(tenant, id=lead)
        first = await append(store, stream, CAPTURED, LeadQualified(), NOTED)
        await append(store, other, CAPTURED)
        assert facts_of(await again.load(stream))[2] == NOTED
        await erase(tenant, lead)
        for reader in (store, again):
            events = list(await reader.load(stream))
            captured, qualified, noted = facts_of(events)
            assert isinstance(captured, LeadCaptured)
            assert (captured.person, captured.attributes, captured.company) == (None, None, "Acme")
            assert (qualified, noted) == (LeadQualified(), LeadNoted(text=None))
            assert_chained(events)
            assert events[-1].hash == first.head.hash
            assert facts_of(await reader.load(other)) == [CAPTURED]

    async def test_nothing_more_is_kept_of_who_was_erased(
        self, store: EventStore, tenant: TenantId, open_store: OpenStore, erase: Erase
    ) -> None:
        """A store that had used the key is refused like one that had not; what is not personal is still taken."""
        lead, again = uuid4(), await open_store()
        stream = a_lead(tenant, id=lead)
        first = await append(store, stream, CAPTURED)
        await erase(tenant, lead)
        change = LeadDetailsChanged(person=PersonChange(name="Mary Smith"))
        for appender in (store, again, store):
            with pytest.raises(SubjectErased) as caught:
                await append(appender, stream, change, NOTED, expected=first.head)
            assert (caught.value.subject, caught.value.code) == (lead, "SUBJECT_ERASED")
        facts = (LeadQualified(), LeadDetailsChanged(company="Acme Ltd"), LeadDetailsChanged(person=None))
        last = await append(store, stream, *facts, expected=first.head)
        assert last.head.version == len(await store.load(stream)) == 4

    async def test_an_erasure_fails_no_neighbour(self, store: EventStore, tenant: TenantId, erase: Erase) -> None:
        """Of commands that wait together, those of an erased person are refused alone."""
        erased = uuid4()
        first = await append(store, a_lead(tenant, id=erased), CAPTURED)
        await erase(tenant, erased)
        outcomes = await asyncio.gather(
            *(append(store, a_lead(tenant), CAPTURED) for _ in range(20)),
            append(store, a_lead(tenant, id=erased), NOTED, expected=first.head),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in outcomes] == [Appended] * 20 + [SubjectErased]

    async def test_a_lost_key_is_no_erasure(self, store: EventStore, tenant: TenantId, lose: Lose) -> None:
        """An event whose key should be there and is not cannot be read; nobody takes it for an erased one."""
        lead = uuid4()
        await append(store, a_lead(tenant, id=lead), CAPTURED, LeadQualified())
        await lose(tenant, lead)
        sealed, qualified = await store.load(a_lead(tenant, id=lead))
        with pytest.raises(UndecodableEvent, match="key of its subject is lost"):
            decode(sealed)
        assert decode(qualified).event == LeadQualified()

    async def test_a_conflict_is_a_conflict(self, store: EventStore, tenant: TenantId) -> None:
        """Personal or not: two that create the same lead at once are not both told that they did."""
        stream = a_lead(tenant)
        outcomes = await asyncio.gather(*(append(store, stream, CAPTURED) for _ in range(5)), return_exceptions=True)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Appended"] + ["VersionConflict"] * 4
        with pytest.raises(VersionConflict):
            await append(store, stream, NOTED)
