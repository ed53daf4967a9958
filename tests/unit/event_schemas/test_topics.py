"""Where streams' events are distributed to."""

from collections import Counter
from uuid import UUID, uuid4

import pytest

from event_schemas.streams import InvalidStreamName, StreamName, TenantId, stream_name
from event_schemas.topics import AUDIT, ENTITY_LANES, TOPICS, Lane, audit_lane_of, key_of, lane_of

ENTITY = UUID("915271ac-d219-593a-89b4-f4b79bac7319")


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("lead", Lane("leads.lifecycle", 6)),
        ("contact", Lane("contacts.lifecycle", 1)),
        ("email", Lane("contacts.lifecycle", 5)),
        ("account", Lane("accounts.lifecycle", 8)),
        ("account_hierarchy", Lane("accounts.lifecycle", 8)),
        ("deal", Lane("deals.pipeline", 11)),
        ("activity", Lane("activities.tracking", 3)),
        ("pipeline", Lane("organisation.lifecycle", 1)),
        ("saved_view", Lane("organisation.lifecycle", 1)),
    ],
)
def test_a_stream_stays_on_its_partition(category: str, expected: Lane) -> None:
    """These pairs are for ever: another partition would tear an entity's events apart."""
    assert lane_of(stream_name(category, TenantId("demo"), ENTITY)) == expected


def test_the_key_names_tenant_and_stream() -> None:
    """Two tenants' entities of one id have different keys."""
    assert key_of(stream_name("deal", TenantId("demo"), ENTITY)) == f"demo:deal-demo~{ENTITY}"


def test_entities_spread_over_all_partitions() -> None:
    """Ten thousand deals leave no partition with less than half or more than twice its share."""
    streams = [stream_name("deal", TenantId("demo"), uuid4()) for _ in range(10_000)]
    for lanes, partitions in ((map(lane_of, streams), 12), (map(audit_lane_of, streams), 24)):
        counts = Counter(lanes)
        assert len(counts) == partitions
        assert all(0.5 < count * partitions / len(streams) < 2 for count in counts.values())


def test_what_is_no_stream_has_no_place() -> None:
    """A name that is not ours is an error, and not some partition."""
    with pytest.raises(InvalidStreamName):
        lane_of(StreamName("orders"))


def test_topics_are_those_of_the_design() -> None:
    """Names, partitions and hours of retention."""
    hours = {topic.name: topic.retention_ms and topic.retention_ms // 3_600_000 for topic in TOPICS}
    assert hours == {
        "leads.lifecycle": 168,
        "contacts.lifecycle": 168,
        "accounts.lifecycle": 168,
        "deals.pipeline": 168,
        "activities.tracking": 72,
        "organisation.lifecycle": 168,
        "audit.events": 720,
        "relay.checkpoint": None,
    }
    assert (len(ENTITY_LANES), AUDIT.partitions) == (60, 24)
