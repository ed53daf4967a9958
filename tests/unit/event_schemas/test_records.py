"""Events as records of a topic."""

import json
from random import Random

import msgspec
import pytest

from event_schemas.codec import decode
from event_schemas.records import ForeignRecord, UnreadableRecord, headers_of, places_of, stored_of, value_of
from event_schemas.streams import START, Position
from tests.support.customers import lead_captured
from tests.support.events import Log, some_id
from tests.support.histories import everything


def test_every_event_comes_back_byte_for_byte() -> None:
    """Of all kinds: the same bytes and the same hash, without the key of its subject."""
    events = everything(Random(7), 2_000)
    assert len({stored.type for stored in events}) > 40
    for stored in events:
        found = stored_of(value_of(stored), stored.position)
        assert found == msgspec.structs.replace(stored, key=None)
        assert decode(msgspec.structs.replace(found, key=stored.key)) == decode(stored)


def test_the_value_is_the_envelope_that_others_read() -> None:
    """Exactly the fields of the requirements, ours inside metadata."""
    (stored,) = Log().append("lead", some_id("someone"), lead_captured())
    value = json.loads(value_of(stored))
    assert list(value) == ["eventId", "eventType", "tenantId", "timestamp", "source", "data", "version"]
    assert value["version"] == "1.0"
    assert list(value["data"]) == ["entityId", "entityType", "changes", "metadata", "hash"]
    assert value["data"]["metadata"]["eventId"] == value["eventId"] == str(stored.event_id)
    assert value["data"]["entityType"] == "lead"


@pytest.mark.parametrize("broken", [{"data": b"\xff"}, {"metadata": b"{}"}, {"metadata": b"not json"}])
def test_bytes_that_are_no_event_still_make_json(broken: dict[str, bytes]) -> None:
    """A consumer of ten lines is not stopped by them; ours is told to look in the log."""
    (stored,) = Log().append("lead", some_id("someone"), lead_captured())
    stored = msgspec.structs.replace(stored, **broken)
    value = value_of(stored)
    assert json.loads(value)["data"]["changes"] is None
    with pytest.raises(UnreadableRecord, match="position 1 does not hold an event"):
        stored_of(value, Position(1))
    assert places_of(headers_of(stored, previous=START)) == (1, 0)


def test_headers_are_cloud_events_and_places() -> None:
    """A trace goes by the correlation id; the positions come back."""
    (stored,) = Log(after=6).append("lead", some_id("someone"), lead_captured())
    headers = dict(headers_of(stored, previous=Position(3)))
    correlation = json.loads(stored.metadata)["$correlationId"].replace("-", "")
    assert headers["traceparent"].decode() == f"00-{correlation}-{stored.event_id.hex[:16]}-01"
    assert headers["ce_specversion"] == b"1.0"
    assert places_of(headers.items()) == (7, 3)


@pytest.mark.parametrize(
    "headers",
    [{}, {"position": b"7"}, {"position": b"x", "prev_position": b"0"}, {"position": b"3", "prev_position": b"3"}],
)
def test_a_record_of_somebody_else_is_told_apart(headers: dict[str, bytes]) -> None:
    """Whatever was not written by the relay has no place in the log."""
    with pytest.raises(ForeignRecord):
        places_of(headers.items())


@pytest.mark.parametrize("value", [None, b"", b"{}", b"[1]", b"\xff\xfe", b"[" * 100_000])
def test_garbage_is_one_kind_of_error(value: bytes | None) -> None:
    """Whatever the bytes are."""
    with pytest.raises(UnreadableRecord):
        stored_of(value, Position(1))
