"""Faust's private names that the workers override or lean on: an upgrade that moves one of them fails here first."""

import hashlib
import inspect
from collections.abc import Callable
from typing import Any

import faust
import pytest
from faust.app.base import App, BootStrategy
from faust.cli.base import find_app
from faust.tables.recovery import Recovery
from faust.transport.conductor import Conductor
from faust.transport.consumer import Consumer, ThreadDelegateConsumer
from faust.transport.drivers import aiokafka as driver
from mode.threads import QueueServiceThread, ServiceThread

from projections.engines import faust_app, faust_consumer

WRITTEN_FOR = "0.15.3"

SOURCES: dict[Callable[..., Any], str] = {
    # what is overridden
    Consumer.perform_seek: "0e8c130ff4b0afd8",
    Consumer.on_partitions_revoked: "d04b7ae72c6fc206",
    ThreadDelegateConsumer._getmany: "f9d47aa9010b5ff2",
    driver.Consumer._new_consumer_thread: "0870ec53dea75083",
    driver.AIOKafkaConsumerThread._create_worker_consumer: "c2701bfc3e6f6cad",
    App._new_transport: "42db531312dd776f",
    App._create_directories: "a9f571c3b04abec3",
    App.on_start: "480d70c6c72d042d",
    BootStrategy.web_server: "3caebb79a3b30a0e",
    # what calls it, and is relied on to call it as it does
    Consumer.getmany: "4b168d84882a70d6",
    Consumer._wait_next_records: "6218e1969a636b3f",
    Consumer._drain_messages: "44a2500309e83c63",
    Consumer.stop_flow: "cf7e875a2b0d40e8",
    Consumer._get_active_partitions: "b24897f3c7afdb5d",
    ThreadDelegateConsumer.__init__: "7072ae80eac1ff62",
    ThreadDelegateConsumer.seek_wait: "e9db5bbc4ceb2543",
    ThreadDelegateConsumer.earliest_offsets: "2833b09d2888825b",
    ThreadDelegateConsumer.highwaters: "3a2723b22582ffb7",
    driver.AIOKafkaConsumerThread._seek_wait: "9d221e816d940467",
    driver.AIOKafkaConsumerThread._fetch_records: "39a2c6c79fc1455a",
    driver.AIOKafkaConsumerThread.highwater: "6f7dbe109ae6807f",
    App._on_partitions_revoked: "d5c895bbe57dc73a",
    App._on_partitions_assigned: "de932b7927db85b3",
    App._stop_consumer: "55854a5de12c3f52",
    Recovery._resume_streams: "d986a6710c1aca98",
    Conductor._update_indices: "619b3247b96ac7d5",
    ServiceThread.__init__: "82979878990cdff5",
    ServiceThread._start_thread: "a06373478446fb61",
    QueueServiceThread.call_thread: "479edda75b54734b",
    find_app: "c5daebf8d99d3cbc",
}
"""The beginning of the SHA-256 of the source of each, as of the version that the overrides were written for."""


def digest(name: Callable[..., Any]) -> str:
    """Of the source."""
    return hashlib.sha256(inspect.getsource(name).encode()).hexdigest()[:16]


def test_the_version_is_the_one_that_the_overrides_were_written_for() -> None:
    """The pin in pyproject.toml and this file change together."""
    assert faust.__version__ == WRITTEN_FOR


@pytest.mark.parametrize("name", SOURCES, ids=lambda name: name.__qualname__)
def test_the_source_is_the_one_that_was_read(name: Callable[..., Any]) -> None:
    """Whoever upgrades reads what has changed, then writes the new digest here."""
    assert digest(name) == SOURCES[name], f"{name.__qualname__} is {digest(name)} now"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (faust_consumer.LaneConsumer.perform_seek, Consumer.perform_seek),
        (faust_consumer.LaneConsumer.on_partitions_revoked, Consumer.on_partitions_revoked),
        (faust_consumer.LaneConsumer._getmany, ThreadDelegateConsumer._getmany),
        (faust_consumer.LaneConsumer._new_consumer_thread, driver.Consumer._new_consumer_thread),
        (
            faust_consumer.LaneConsumerThread._create_worker_consumer,
            driver.AIOKafkaConsumerThread._create_worker_consumer,
        ),
        (faust_app.LaneApp._new_transport, App._new_transport),
        (faust_app.LaneApp._create_directories, App._create_directories),
        (faust_app.OnlyConsume.web_server, BootStrategy.web_server),
    ],
    ids=lambda name: name.__qualname__,
)
def test_an_override_takes_what_it_overrides_took(ours: Callable[..., Any], theirs: Callable[..., Any]) -> None:
    """The same names of arguments, in the same order."""
    assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters)
    assert inspect.iscoroutinefunction(ours) == inspect.iscoroutinefunction(theirs)


def test_the_transport_takes_the_consumer_of_its_class() -> None:
    """It is by this attribute that Faust finds ours."""
    assert faust_consumer.LaneTransport.Consumer is faust_consumer.LaneConsumer
    assert "self.Consumer(" in inspect.getsource(driver.Transport.create_consumer)
