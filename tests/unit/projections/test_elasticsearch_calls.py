"""What a bulk request says, and what its answer means."""

from typing import Any

import msgspec
import pytest

from projections.changes import OrderedPut, VersionedDelete, VersionedPut
from projections.errors import Refused, SinkLost, SinkUnavailable
from projections.sinks import elasticsearch_calls as calls
from projections.sinks.elasticsearch_calls import newest, operation, requests, stale, versioned

KEY = ("demo", "lead", "1")


def item(status: int, kind: str = "whatever") -> dict[str, Any]:
    """What the server says of an operation."""
    return {"status": status} if status < 300 else {"status": status, "error": {"type": kind, "reason": "so"}}


TAKEN, STALE = item(201), item(409, "version_conflict_engine_exception")
REFUSED, GONE = item(400, "document_parsing_exception"), item(404, "index_not_found_exception")


def test_an_entry_is_taken_unless_there_is_a_newer_one() -> None:
    """Its version is the stream's; the tenant says where it lies."""
    action, body = versioned("demo/lead/1", VersionedPut("search", KEY, 7, {}), {"name": "Ada"})
    assert msgspec.json.decode(action) == {
        "index": {"_id": "demo/lead/1", "routing": "demo", "version": 7, "version_type": "external_gte"}
    }
    assert msgspec.json.decode(body) == {"name": "Ada"}


def test_a_batch_says_each_entry_once() -> None:
    """As its last change leaves it, in the order in which entries were first named."""
    first, other, last = (
        VersionedPut("s", KEY, 1, {}),
        VersionedPut("s", ("demo", "lead", "2"), 1, {}),
        VersionedDelete("s", KEY, 2),
    )
    assert [(each.id, each.change) for each in newest([first, other, last])] == [
        ("demo/lead/1", last),
        ("demo/lead/2", other),
    ]


def test_a_change_for_another_store_is_a_mistake() -> None:
    """Ordered sets are not entries."""
    with pytest.raises(TypeError, match="OrderedPut"):
        newest([OrderedPut("feed", ("demo",), 1, b"")])


def test_requests_are_as_few_as_their_size_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    """None is empty; one operation alone may be larger; the order stays."""
    monkeypatch.setattr(calls, "_MOST_BYTES", 100)
    items = [operation(str(number), "t", {"x": "x" * size}) for number, size in enumerate((1, 1, 1, 500, 1))]
    found = requests(items)
    assert [line for request in found for line in request] == [line for each in items for line in each]
    assert all(found)
    assert max(len(request) for request in found) == 4 or len(found) == 5
    assert len(found) < 5
    assert requests([]) == []


@pytest.mark.parametrize(
    ("items", "error"),
    [
        ([TAKEN, REFUSED], Refused),
        ([REFUSED, item(429, "es_rejected_execution_exception"), STALE], SinkUnavailable),
        ([REFUSED, item(503, "unavailable_shards_exception")], SinkUnavailable),
        ([item(403, "cluster_block_exception")], SinkUnavailable),
        ([item(400, "index_closed_exception")], SinkUnavailable),
        ([REFUSED, GONE, STALE], SinkLost),
    ],
)
def test_an_entry_is_to_blame_only_when_nothing_else_is(items: list[Any], error: type[Exception]) -> None:
    """Or a store in trouble would park events."""
    with pytest.raises(error) as raised:
        stale(items)
    assert type(raised.value) is error


def test_stale_entries_are_counted() -> None:
    """They are no error."""
    assert stale([TAKEN, STALE, STALE]) == 2
    assert stale([]) == 0
