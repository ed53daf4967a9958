"""Events to bytes and back, and the chain of hashes."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from event_schemas.batch import BatchFinished
from event_schemas.codec import (
    UndecodableEvent,
    UnencodableEvent,
    decode,
    decode_metadata,
    is_chained,
    seal,
    subjects_of,
)
from event_schemas.deal import DealAmountChanged, DealOpened, DealStageChanged
from event_schemas.envelope import EMPTY, NO_HASH, Origin, StoredEvent, StreamHead
from event_schemas.organisation import TeamRegionAssigned, UserCreated
from event_schemas.registry import Event, of_class
from event_schemas.schemas import catalogued
from event_schemas.streams import START, TenantId, event_id, stream_name
from event_schemas.values import MAX_MINOR, Money
from tests.support.events import some_id
from tests.support.secrets import key_of
from tests.support.structs import structs

DEMO = TenantId("demo")
STREAM = stream_name("deal", DEMO, some_id("deal"))
RECORDED = datetime(2026, 11, 21, 12, tzinfo=UTC)
ORIGIN = Origin(
    tenant=DEMO,
    actor="ada",
    command_id=some_id("command"),
    request_digest="",
    correlation_id=some_id("correlation"),
    source="test",
    occurred_at=datetime(2017, 6, 30, tzinfo=UTC),
)
MOVED = DealStageChanged(stage_id=some_id("stage"))
any_event = st.one_of([structs(entry.cls) for entry in catalogued()])
instants = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001  # the strategy adds the zone


def sealed(*events: Event, head: StreamHead = EMPTY, **origin: Any) -> tuple[StoredEvent, ...]:
    """The events as one command appends them."""
    return seal(
        events, stream=STREAM, head=head, origin=msgspec.structs.replace(ORIGIN, **origin), recorded_at=RECORDED
    )


@settings(deadline=None)
@given(fact=any_event, occurred=instants, recorded=instants, actor=st.text(st.characters(exclude_categories=["Cs"])))
def test_every_event_comes_back(fact: Event, occurred: datetime, recorded: datetime, actor: str) -> None:
    """Decoding what was sealed gives the event, its entity and its envelope."""
    origin = msgspec.structs.replace(ORIGIN, occurred_at=occurred, actor=actor)
    keys = {subject: key_of(DEMO, subject) for subject in subjects_of([fact], STREAM)}
    (stored,) = seal([fact], stream=STREAM, head=EMPTY, origin=origin, recorded_at=recorded, keys=keys)
    read = decode(stored)
    entry = of_class(type(fact))
    assert read.event == fact
    assert read.entity_id == (getattr(fact, entry.entity_field) if entry.entity_field else some_id("deal"))
    assert (read.meta.type, read.meta.version) == (entry.name, entry.version)
    assert (read.meta.occurred_at, read.meta.recorded_at, read.meta.actor) == (occurred, recorded, actor)
    assert msgspec.json.encode(read.meta) == stored.metadata


def test_the_envelope_says_where_an_event_came_from() -> None:
    """Everything of the command that is common to its events, and what is each one's own."""
    first, second = sealed(MOVED, MOVED, head=StreamHead(4, b"\x07" * 32), causation_id=some_id("cause"))
    meta = decode_metadata(second)
    assert (first.stream_version, second.stream_version, meta.stream_version) == (5, 6, 6)
    assert (decode_metadata(first).prev_hash, meta.prev_hash) == ("07" * 32, first.hash.hex())
    assert second.event_id == meta.event_id == event_id(some_id("command"), STREAM, 1)
    assert (meta.tenant, meta.stream, meta.actor, meta.source) == ("demo", STREAM, "ada", "test")
    assert (meta.correlation_id, meta.causation_id) == (some_id("correlation"), some_id("cause"))
    assert (meta.subject_id, meta.sealed, meta.layout, second.position) == (None, (), 1, START)


def test_a_stream_begins_with_zeros() -> None:
    """The first event's previous hash is 64 zeros."""
    (first,) = sealed(MOVED)
    assert decode_metadata(first).prev_hash == "0" * 64 == NO_HASH.hex()


def test_the_same_command_seals_the_same_bytes() -> None:
    """A retry appends under the same ids: nothing in an event is left to chance."""
    assert sealed(MOVED, MOVED) == sealed(MOVED, MOVED)


@settings(max_examples=500, deadline=None)
@given(data=st.data())
def test_any_changed_byte_breaks_the_chain(data: st.DataObject) -> None:
    """Whichever byte of an event or of its hash changes, the event is no longer chained."""
    first, second = sealed(MOVED, DealAmountChanged(amount=Money(100, "USD")))
    part = data.draw(st.sampled_from(["metadata", "data", "hash"]))
    content = bytearray(getattr(first, part))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    changed = msgspec.structs.replace(first, **{part: bytes(content)})
    assert is_chained(EMPTY, first)
    assert is_chained(StreamHead(1, first.hash), second)
    assert not is_chained(EMPTY, changed)
    assert part != "hash" or not is_chained(StreamHead(1, changed.hash), second)


def test_a_rewritten_event_breaks_its_successor() -> None:
    """An event that was forged with its right hash does not lead to the event that followed the true one."""
    first, second = sealed(MOVED, DealAmountChanged(amount=Money(100, "USD")))
    (forged,) = sealed(DealAmountChanged(amount=Money(1, "USD")))
    assert is_chained(EMPTY, forged)
    assert is_chained(StreamHead(1, first.hash), second)
    assert not is_chained(StreamHead(1, forged.hash), second)


@pytest.mark.parametrize("previous", [EMPTY, StreamHead(2), StreamHead(1, b"\x01" * 32)])
def test_an_event_stands_where_it_was_put(previous: StreamHead) -> None:
    """Neither the first, nor after a gap, nor after another event."""
    (second,) = sealed(MOVED, head=StreamHead(1, b"\x07" * 32))
    assert is_chained(StreamHead(1, b"\x07" * 32), second)
    assert not is_chained(previous, second)


@pytest.mark.parametrize(
    "other",
    [
        {"tenant": "other"},
        {"stream": "deal-other~x"},
        {"stream_version": 2},
        {"entity_id": UUID(int=1)},
        {"event_id": UUID(int=1)},
        {"command_id": UUID(int=1)},
        {"type": "deal.won"},
        {"subject_id": UUID(int=1)},
        {"recorded_at": RECORDED + timedelta(microseconds=1)},
    ],
    ids=lambda other: next(iter(other)),
)
def test_columns_say_what_the_bytes_say(other: dict[str, Any]) -> None:
    """A changed column beside unchanged bytes is found too."""
    (stored,) = sealed(MOVED)
    assert is_chained(EMPTY, stored)
    assert not is_chained(EMPTY, msgspec.structs.replace(stored, **other))


def test_bytes_between_metadata_and_payload_cannot_move() -> None:
    """The hash knows where the one ends and the other begins."""
    (stored,) = sealed(MOVED)
    both = stored.metadata + stored.data
    for cut in (0, 1, len(stored.metadata) + 1, len(both)):
        assert not is_chained(EMPTY, msgspec.structs.replace(stored, metadata=both[:cut], data=both[cut:]))


arbitrary = st.one_of(
    st.binary(max_size=60),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    ).map(msgspec.json.encode),
    st.sampled_from([b"[" * 100_000, b'{"a":' * 100_000, b"\xff", b'"\xff"', b'{"stage_id":"\xff"}', b"", b"null"]),
)


@settings(max_examples=500, deadline=None)
@given(metadata=arbitrary, data=arbitrary)
def test_garbage_is_undecodable_and_nothing_else(metadata: bytes, data: bytes) -> None:
    """Whatever bytes a store gives back, a reader gets an event or UndecodableEvent, which names the stream."""
    (good,) = sealed(MOVED)
    old_metadata = good.metadata.replace(b'"deal.stage_changed","version":1', b'"deal.lost","version":1')
    assert old_metadata != good.metadata
    for broken in (
        msgspec.structs.replace(good, metadata=metadata),
        msgspec.structs.replace(good, data=data),
        msgspec.structs.replace(good, metadata=old_metadata, data=data),
    ):
        with pytest.raises(UndecodableEvent, match=STREAM):
            decode(broken)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b'"type":"deal.stage_changed"', b'"type":"deal.unheard_of"', "no event is registered"),
        (b'"version":1', b'"version":2', "newer than this program's 1"),
        (b'"version":1', b'"version":0', "no upcaster to v1"),
        (b'"layout":1', b'"layout":2', "layout"),
        (b'"occurredAt":"2017-06-30T00:00:00Z"', b'"occurredAt":"2017-06-30T00:00:00"', "timezone"),
        (STREAM.encode(), b"deal-demo~no-id", "Invalid UUID"),
        (STREAM.encode(), b"nonsense", "<category>-<tenant>~<id>"),
    ],
)
def test_what_cannot_be_read_says_why(old: bytes, new: bytes, says: str) -> None:
    """An unknown type, a version of a newer program, another layout, a time without a zone, a stream of nobody."""
    (stored,) = sealed(MOVED)
    assert old in stored.metadata
    with pytest.raises(UndecodableEvent, match=says):
        decode(msgspec.structs.replace(stored, metadata=stored.metadata.replace(old, new)))


@pytest.mark.parametrize(
    "fact",
    [
        DealAmountChanged(amount=Money(-1, "USD")),
        DealAmountChanged(amount=Money(MAX_MINOR + 1, "USD")),
        DealAmountChanged(amount=Money(2**70, "USD")),
        DealAmountChanged(amount=Money(1, "usd")),
        DealAmountChanged(amount=Money(1, "USD\n")),
        UserCreated(name="", region=None, manager_id=None),
        UserCreated(name=" \t\u2003", region=None, manager_id=None),
        UserCreated(name="x" * 201, region=None, manager_id=None),
        TeamRegionAssigned(region="nul \0"),
        TeamRegionAssigned(region="half \ud83d"),
        BatchFinished(rows=1, rejected=-1),
        DealStageChanged(stage_id="no id"),  # type: ignore[arg-type]  # that is the point
    ],
    ids=repr,
)
def test_what_readers_would_refuse_is_never_sealed(fact: Event) -> None:
    """An event that breaks its own contract fails before it is stored, not in every reader afterwards."""
    with pytest.raises(UnencodableEvent, match=of_class(type(fact)).name):
        sealed(fact)


def test_an_instant_without_a_zone_is_never_sealed() -> None:
    """Times are aware; those of another zone than UTC come back as the same instant."""
    with pytest.raises(UnencodableEvent):
        sealed(MOVED, occurred_at=datetime(2017, 6, 30))  # noqa: DTZ001  # that is the point
    noon = datetime(2017, 6, 30, 14, tzinfo=timezone(timedelta(hours=2)))
    (stored,) = sealed(MOVED, occurred_at=noon)
    assert decode(stored).meta.occurred_at == datetime(2017, 6, 30, 12, tzinfo=UTC)


def test_unknown_fields_of_a_payload_are_passed_over() -> None:
    """A field that a newer program added does not stop this one."""
    (stored,) = sealed(MOVED)
    newer = stored.data.replace(b"{", b'{"note":[1,{}],', 1)
    assert decode(msgspec.structs.replace(stored, data=newer)).event == MOVED


def test_missing_fields_of_a_payload_are_not_made_up() -> None:
    """A payload without one of its fields cannot be read."""
    fields = msgspec.to_builtins(
        DealOpened(
            name="Ten GTX",
            pipeline_id=some_id("pipeline"),
            stage_id=some_id("stage"),
            amount=Money(1, "USD"),
            account_id=None,
            owner_id=None,
            product_id=None,
            expected_close=None,
        )
    )
    (stored,) = sealed(MOVED)
    metadata = stored.metadata.replace(b"deal.stage_changed", b"deal.opened")
    for missing in fields:
        data = msgspec.json.encode({name: value for name, value in fields.items() if name != missing})
        with pytest.raises(UndecodableEvent, match=missing):
            decode(msgspec.structs.replace(stored, metadata=metadata, data=data))
