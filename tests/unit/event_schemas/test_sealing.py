"""Personal data in stored events: there with the key, nothing without it, and in nobody else's place."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from event_schemas import codec
from event_schemas.activity import ActivityCompleted, ActivityKind, ActivityLogged
from event_schemas.codec import (
    UndecodableEvent,
    UnencodableEvent,
    decode,
    decode_metadata,
    is_chained,
    seal,
    subject_of,
    subjects_of,
)
from event_schemas.envelope import EMPTY, LOST_KEY, Origin, StoredEvent, StreamHead
from event_schemas.lead import LeadCaptured, LeadDetailsChanged, LeadNoted, LeadQualified
from event_schemas.people import Attribute, Person, PersonChange
from event_schemas.registry import Event, of_class
from event_schemas.schemas import catalogued
from event_schemas.sealing import BrokenSeal, open_fields, seal_fields
from event_schemas.streams import TenantId, stream_name
from event_schemas.upcasters import UPCASTERS, Payload
from tests.support.events import some_id
from tests.support.structs import structs

DEMO = TenantId("demo")
LEAD = some_id("lead")
STREAM = stream_name("lead", DEMO, LEAD)
KEY, OTHER_KEY = bytes(range(32)), bytes(range(1, 33))
CAPTURED = LeadCaptured(
    person=Person(name="Mary", email="mary@example.com"),
    company="Acme",
    source=None,
    campaign=None,
    external_id=None,
    attributes=(Attribute("city", "Oslo"),),
    owner_id=None,
)
NOTED = LeadNoted(text="Mary prefers mornings")
LONG = 8
"""Texts of so many bytes are not in a ciphertext by chance."""
PERSONAL = [entry for entry in catalogued() if entry.personal]
any_personal = st.one_of([structs(entry.cls) for entry in PERSONAL])


def sealed(
    *facts: Event, key: bytes = KEY, command: UUID = LEAD, keys: Mapping[UUID, bytes] | None = None
) -> tuple[StoredEvent, ...]:
    """The events as one command appends them; one key for whoever they are about."""
    origin = Origin(
        tenant=DEMO,
        actor="ada",
        command_id=command,
        request_digest="",
        correlation_id=command,
        source="test",
        occurred_at=datetime(2017, 6, 30, tzinfo=UTC),
    )
    return seal(
        facts,
        stream=STREAM,
        head=EMPTY,
        origin=origin,
        recorded_at=datetime(2026, 11, 21, tzinfo=UTC),
        keys=dict.fromkeys(subjects_of(facts, STREAM), key) if keys is None else keys,
    )


def with_data(stored: StoredEvent, **fields: Any) -> StoredEvent:
    """The event with other contents in some fields of its payload."""
    return msgspec.structs.replace(stored, data=msgspec.json.encode(msgspec.json.decode(stored.data) | fields))


def assert_broken(stored: StoredEvent, says: str = "cannot be opened") -> None:
    """It cannot be decoded, since a seal is broken."""
    with pytest.raises(UndecodableEvent, match=says) as caught:
        decode(stored)
    assert isinstance(caught.value.__cause__, BrokenSeal)


def text_in(value: Any) -> list[str]:
    """Every text in a payload, however deep."""
    match value:
        case str():
            return [value]
        case dict():
            return [text for one in value.values() for text in text_in(one)]
        case list():
            return [text for one in value for text in text_in(one)]
        case _:
            return []


@settings(deadline=None)
@given(fact=any_personal)
def test_it_is_there_with_the_key_and_nothing_without(fact: Event) -> None:
    """Decoding gives the event back; after an erasure the same event with its personal fields null, well chained."""
    (stored,) = sealed(fact)
    entry = of_class(type(fact))
    assert decode(stored).event == fact
    assert stored.subject_id == decode_metadata(stored).subject_id == subject_of(fact, STREAM)
    erased = msgspec.structs.replace(stored, key=None)
    names = decode_metadata(stored).sealed
    assert decode(erased).event == msgspec.structs.replace(fact, **dict.fromkeys(names))
    assert set(names) <= set(entry.personal)
    assert is_chained(EMPTY, stored)
    assert is_chained(EMPTY, erased)


@settings(deadline=None)
@given(fact=any_personal)
def test_what_is_personal_is_never_stored_in_the_clear(fact: Event) -> None:
    """No text of a sealed field is in the stored bytes, unless an open field says the same."""
    (stored,) = sealed(fact)
    plain = msgspec.to_builtins(fact)
    names = decode_metadata(stored).sealed
    assert set(names) == {name for name in of_class(type(fact)).personal if plain.get(name) is not None} or (
        subject_of(fact, STREAM) is None
    )
    open_words = text_in([value for name, value in plain.items() if name not in names])
    for text in text_in([plain[name] for name in names]):
        in_bytes = msgspec.json.encode(text)[1:-1]
        if len(in_bytes) > LONG and not any(text in word for word in open_words):
            assert in_bytes not in stored.data
            assert in_bytes not in stored.metadata


def test_known_words_are_not_in_the_bytes() -> None:
    """Neither in the payload nor in the metadata; what is nobody's personal data is."""
    (stored,) = sealed(CAPTURED)
    assert not [w for w in (b"Mary", b"mary@", b"example", b"Oslo", b"city") if w in stored.data + stored.metadata]
    assert b"Acme" in stored.data


def test_the_envelope_names_what_is_sealed() -> None:
    """The fields that hold something, in the order of the class; and whose they are."""
    both, one, none = sealed(
        CAPTURED, LeadDetailsChanged(person=PersonChange(name="M"), attributes=None), LeadQualified()
    )
    assert decode_metadata(both).sealed == ("person", "attributes")
    assert decode_metadata(one).sealed == ("person",)
    assert (decode_metadata(none).sealed, decode_metadata(none).subject_id) == ((), None)
    assert (both.subject_id, one.subject_id, none.subject_id) == (LEAD, LEAD, None)
    assert (both.key, none.key) == (KEY, None)


def test_what_is_null_or_not_there_needs_no_key() -> None:
    """Nothing personal, nobody's data."""
    facts = (LeadDetailsChanged(company="Acme"), LeadDetailsChanged(person=None), LeadNoted(text=None))
    assert subjects_of(facts, STREAM) == set()
    for fact, stored in zip(facts, sealed(*facts, keys={}), strict=True):
        assert (decode(stored).event, stored.subject_id, decode_metadata(stored).sealed) == (fact, None, ())


def test_the_words_of_an_activity_are_those_of_its_person() -> None:
    """Its own id is not the subject; where there is no person, the words are nobody's."""
    person = some_id("person")
    done = ActivityCompleted(outcome="agreed", person_id=person)
    internal = ActivityLogged(
        kind=ActivityKind.NOTE,
        subject="Stocktaking",
        body=None,
        related=(),
        person_id=None,
        owner_id=None,
        minutes=None,
    )
    assert subjects_of((done, internal), STREAM) == {person}
    first, second = sealed(done, internal)
    assert (first.subject_id, second.subject_id) == (person, None)
    assert (b"agreed" in first.data, b"Stocktaking" in second.data) == (False, True)


def test_the_same_command_seals_the_same_bytes() -> None:
    """A retry sends what it sent before; under another command or index, the same text is other bytes."""
    assert sealed(CAPTURED, NOTED, NOTED) == sealed(CAPTURED, NOTED, NOTED)
    _, first, second = sealed(CAPTURED, NOTED, NOTED)
    (elsewhere,) = sealed(NOTED, command=some_id("another"))
    assert len({first.data, second.data, elsewhere.data}) == 3


def test_another_key_opens_nothing() -> None:
    """Neither somebody else's nor a lost one: the event is broken, and not taken for an erased one."""
    (stored,) = sealed(CAPTURED)
    assert_broken(msgspec.structs.replace(stored, key=OTHER_KEY))
    assert_broken(msgspec.structs.replace(stored, key=LOST_KEY), "the key of its subject is lost")
    assert_broken(msgspec.structs.replace(stored, key=KEY[:16]), "the key of its subject is lost")


def test_a_field_cannot_be_moved() -> None:
    """Neither to another field of its event nor to the same field of another event of the same person."""
    (stored,) = sealed(CAPTURED)
    fields = msgspec.json.decode(stored.data)
    assert_broken(with_data(stored, person=fields["attributes"], attributes=fields["person"]))
    first, second = sealed(NOTED, LeadNoted(text="Mary is away"))
    assert_broken(msgspec.structs.replace(first, data=second.data))


@pytest.mark.parametrize("other", ["", "!", "AAAA", None, 1, ["x"], {"a": 1}, "\xff"], ids=repr)
def test_what_is_no_ciphertext_is_broken(other: Any) -> None:
    """Whatever stands in the place of a sealed field."""
    (stored,) = sealed(NOTED)
    assert_broken(with_data(stored, text=other))


def test_a_sealed_field_that_is_gone_is_broken() -> None:
    """It does not read as null."""
    (stored,) = sealed(NOTED)
    assert_broken(msgspec.structs.replace(stored, data=b"{}"))


@settings(deadline=None)
@given(data=st.data())
def test_any_changed_byte_of_a_ciphertext_breaks_it(data: st.DataObject) -> None:
    """Also where the hash is made to fit."""
    (stored,) = sealed(NOTED)
    content = bytearray(stored.data)
    at = data.draw(st.integers(content.index(b":") + 2, len(content) - 3))
    content[at] ^= data.draw(st.integers(1, 255))
    changed = msgspec.structs.replace(stored, data=bytes(content))
    with pytest.raises(UndecodableEvent):
        decode(changed)
    assert not is_chained(StreamHead(), changed)


def test_bounds_hold_before_a_field_is_sealed() -> None:
    """Ciphertext shows no reader what it would refuse, so the appender looks first."""
    for fact in (LeadNoted(text="x" * 2001), LeadNoted(text="nul \0"), CAPTURED.__class__(**_with_email("no address"))):
        with pytest.raises(UnencodableEvent):
            sealed(fact)


def _with_email(email: str) -> dict[str, Any]:
    return {**msgspec.structs.asdict(CAPTURED), "person": Person(email=email)}


@pytest.mark.parametrize("email", ["mary@example.com\n", " mary@example.com", "mary", "@", "a@b@c"])
def test_an_address_has_its_form(email: str) -> None:
    """Something, one @, something; no spaces, not even a line feed at the end."""
    with pytest.raises(UnencodableEvent):
        sealed(LeadCaptured(**_with_email(email)))


def test_a_missing_key_is_never_passed_over() -> None:
    """To seal without the key of the subject is a mistake of the caller, and stores nothing."""
    with pytest.raises(KeyError):
        sealed(CAPTURED, keys={})


def test_old_versions_are_opened_before_they_are_brought_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """An upcaster sees the payload as it was written, and null where it was erased."""
    (stored,) = sealed(NOTED)
    newer = msgspec.structs.replace(of_class(LeadNoted), version=2)

    def shouted(payload: Payload) -> Payload:
        return {"text": payload["text"] and payload["text"].upper()}

    monkeypatch.setattr(codec, "of_name", lambda _name: newer)
    monkeypatch.setitem(UPCASTERS, ("lead.noted", 1), shouted)
    assert decode(stored).event == LeadNoted(text="MARY PREFERS MORNINGS")
    assert decode(msgspec.structs.replace(stored, key=None)).event == LeadNoted(text=None)


def test_fields_that_a_newer_program_sealed_are_opened_too() -> None:
    """The envelope says what is sealed, not the class of whoever reads."""
    data, names = seal_fields(b'{"text":"a","mood":{"good":true}}', ("text", "mood"), key=KEY, event_id=LEAD)
    assert json.loads(open_fields(data, names, key=KEY, event_id=LEAD)) == {"text": "a", "mood": {"good": True}}


def test_personal_fields_may_all_be_null() -> None:
    """An erased event must decode: each personal field allows null, and a subject's field names a field."""
    for entry in PERSONAL:
        info = msgspec.inspect.type_info(entry.cls)
        assert isinstance(info, msgspec.inspect.StructType)
        types = {field.name: field.type for field in info.fields}
        for name in entry.personal:
            kind = types[name]
            assert isinstance(kind, msgspec.inspect.UnionType), (entry.name, name)
            assert kind.includes_none, (entry.name, name)
        assert entry.subject_field is None or entry.subject_field in types
    assert of_class(LeadCaptured).personal == ("person", "attributes")
