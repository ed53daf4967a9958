"""What a group says of itself, and when."""

import logging

import pytest

from event_schemas.relayed import NOTHING, Relayed
from event_schemas.streams import Position
from event_schemas.topics import Lane
from projections.engines.cluster import Cluster
from projections.engines.lane_status import Report

ONE, TWO, QUIET = Lane("a", 0), Lane("a", 1), Lane("a", 2)
PUBLISHED = Relayed(Position(100), {ONE: Position(90), TWO: Position(100)})


def test_the_position_is_that_of_the_last_lane_that_is_behind() -> None:
    """A lane with all that was published of it is as far as the relay, however old its last event is."""
    report = Report("postgres")
    report.reached({ONE: Position(90), TWO: Position(70), QUIET: Position(0)}, 0, PUBLISHED)
    assert (report.status.position, report.status.lag, report.status.lanes) == (70, 30, 3)
    report.reached({ONE: Position(90), TWO: Position(100), QUIET: Position(0)}, 2, PUBLISHED)
    assert (report.status.position, report.status.lag, report.status.parked) == (100, 0, 2)
    report.reached({ONE: Position(95), TWO: Position(100)}, 0, None)
    assert report.status.position == 95
    report.reached({}, 0, NOTHING)
    assert report.status.position == 0


def test_it_speaks_when_something_changes(caplog: pytest.LogCaptureFixture) -> None:
    """Once for an outage, once when it goes on; other lanes are news too."""
    caplog.set_level(logging.INFO)
    report = Report("postgres")
    for _ in range(3):
        report.waits_for("PostgreSQL: gone", logging.WARNING)
    for _ in range(3):
        report.reached({ONE: Position(90)}, 0, PUBLISHED)
    report.reached({ONE: Position(90), TWO: Position(100)}, 0, PUBLISHED)
    assert caplog.messages == [
        "view group postgres waits: PostgreSQL: gone",
        "view group postgres goes on at 100 in 1 lanes",
        "view group postgres goes on at 100 in 2 lanes",
    ]


def test_it_names_a_few_lanes_that_missed_something(caplog: pytest.LogCaptureFixture) -> None:
    """A group that begins reads all of them."""
    caplog.set_level(logging.INFO)
    report = Report("postgres")
    report.healed({Lane("a", number): Position(7) for number in range(5)}, 12)
    assert (report.status.gaps, report.status.healed) == (5, 12)
    assert caplog.messages == [
        "view group postgres read 12 events in the log: a/0 up to 7, a/1 up to 7, a/2 up to 7 and 2 more lanes"
    ]


def test_a_cluster_is_addressed_and_named() -> None:
    """With or without the scheme; the prefix is before everything of ours, and not part of a lane's name."""
    cluster = Cluster.at("kafka://one:9092, two:9092/", prefix="x.")
    assert cluster.servers == ("one:9092", "two:9092")
    assert str(cluster) == "one:9092,two:9092"
    assert cluster.topic("deals.pipeline") == "x.deals.pipeline"
    assert cluster.group("cards") == "x.eventcrm.views.cards"
