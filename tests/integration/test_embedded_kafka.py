"""The embedded Kafka broker, as the platform and the tests run it."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from replay_tools.embedded.errors import PortTaken
from tests.support.broker import Broker, broker
from tests.support.network import listening_addresses

FOLDER = "'quotes' and spaces in Łódź"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Broker]:
    """A broker that only this test has."""
    with broker(tmp_path / FOLDER) as running:
        yield running


async def make_topic(url: str, name: str) -> None:
    """A topic of one partition."""
    admin = AIOKafkaAdminClient(bootstrap_servers=url)
    await admin.start()
    try:
        answer = await admin.create_topics([NewTopic(name, 1, 1)])
        assert [error for _, error, _ in answer.topic_errors] == [0]
    finally:
        await admin.close()


async def publish(url: str, topic: str, value: bytes) -> None:
    """One record, in a transaction of its own."""
    producer = AIOKafkaProducer(bootstrap_servers=url, transactional_id=f"{topic}-writer")
    await producer.start()
    try:
        async with producer.transaction():
            await producer.send_and_wait(topic, value)
    finally:
        await producer.stop()


async def read(url: str, topic: str, count: int) -> list[bytes]:
    """The first records of the topic that are committed."""
    consumer = AIOKafkaConsumer(bootstrap_servers=url, isolation_level="read_committed", enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        await consumer.seek_to_beginning()
        return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


async def test_the_broker_of_the_run_takes_transactions(kafka_url: str) -> None:
    """What the relay needs is there: topics on demand, a transactional producer, read_committed."""
    await make_topic(kafka_url, "embedded-kafka.transactions")
    await publish(kafka_url, "embedded-kafka.transactions", b"hello")
    assert await read(kafka_url, "embedded-kafka.transactions", 1) == [b"hello"]


async def test_it_keeps_data_and_address_whatever_ends_it(own: Broker) -> None:
    """After a stop and after a SIGKILL it is back at the same port, with every acknowledged record."""
    url = own.url
    await make_topic(url, "kept")
    await publish(url, "kept", b"before the kill")
    own.restart()
    await publish(url, "kept", b"before the stop")
    own.stop()
    own.start()
    assert own.url == url
    assert await read(url, "kept", 2) == [b"before the kill", b"before the stop"]


def test_it_is_this_machines_alone_and_what_it_says(own: Broker) -> None:
    """It listens on 127.0.0.1 alone, leads its own process group, and tells its version."""
    pid = own.server.child.process.pid
    assert {address.removeprefix("::ffff:") for address in listening_addresses(pid)} == {"127.0.0.1"}
    assert os.getpgid(pid) == pid
    assert own.server.version == "3.9.1"


def test_a_broker_that_outlived_its_supervisor_makes_way(own: Broker) -> None:
    """A start on data that an earlier broker still holds ends that one first."""
    earlier = own.server.child.process
    earlier.send_signal(19)  # SIGSTOP: it does not go by itself
    own.start()
    assert earlier.wait(timeout=10) == -9
    assert psutil.pid_exists(own.server.child.process.pid)


def test_a_kept_port_in_foreign_hands_is_one_clear_line(own: Broker, tmp_path: Path) -> None:
    """Somebody else's server at the kept port is named; no other port is taken in silence."""
    with broker(tmp_path / "other") as other:
        own.stop()
        kept = tmp_path / FOLDER / "kafka.port"
        kept.write_text(other.url.rpartition(":")[2])
        with pytest.raises(
            PortTaken, match=r"^Kafka did not start: its port was taken: end what uses \d+, or delete .*"
        ):
            own.start()
