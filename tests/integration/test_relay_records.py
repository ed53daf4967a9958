"""What others find in the topics, and what becomes of records that are hard to publish."""

import asyncio
import json
from datetime import datetime
from random import Random
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError
from msgspec.structs import replace

from event_schemas.lead import LeadCaptured
from event_schemas.people import Attribute
from event_schemas.records import UnreadableRecord, places_of, stored_of
from event_schemas.relayed import NOTHING, Relayed
from event_schemas.streams import StreamName
from event_schemas.topics import AUDIT, LEADS, Topic, lane_of
from tests.support.customers import lead_captured
from tests.support.events import Log, some_id, store
from tests.support.histories import everything
from tests.support.topics import differences, everything_in, own_kafka, reached
from tests.support.working_relay import relaying
from write_side.adapters.kafka import Kafka
from write_side.adapters.kafka_checkpoint import last_checkpoint
from write_side.adapters.kafka_publisher import publishing
from write_side.adapters.kafka_topics import check_topics
from write_side.application.outgoing import outgoing
from write_side.application.relay import TransportUnavailable


async def test_a_consumer_that_knows_nothing_of_us_reads_the_envelope(kafka_url: str, crm_database: str) -> None:
    """Ten lines of aiokafka and json find one contact, one lead and one deal event as the requirements say."""
    kafka = await own_kafka(kafka_url)
    events = everything(Random(8), 500)[:500]
    await store(crm_database, events)
    async with relaying(crm_database, kafka):
        await reached(kafka, events[-1].position)
    topics = [kafka.prefix + name for name in ("contacts.lifecycle", "leads.lifecycle", "deals.pipeline")]

    found: dict[str, tuple[Any, dict[str, bytes]]] = {}
    consumer = AIOKafkaConsumer(
        *topics, bootstrap_servers=kafka_url, auto_offset_reset="earliest", isolation_level="read_committed"
    )
    await consumer.start()
    async for message in consumer:
        value = json.loads(message.value)
        found.setdefault(value["data"]["entityType"], (value, dict(message.headers)))
        if {"contact", "lead", "deal"} <= found.keys():
            break
    await consumer.stop()

    for kind in ("contact", "lead", "deal"):
        value, headers = found[kind]
        stored = next(event for event in events if str(event.event_id) == value["eventId"])
        assert value.keys() >= {"eventId", "eventType", "tenantId", "timestamp", "source", "version", "data"}
        assert (value["eventType"], value["tenantId"], value["version"]) == (stored.type, "demo", "1.0")
        assert datetime.fromisoformat(value["timestamp"]).tzinfo is not None
        assert value["source"] == "test"
        assert value["data"].keys() >= {"entityId", "entityType", "changes", "metadata"}
        assert value["data"]["entityId"] == str(stored.entity_id)
        assert value["data"]["changes"] == json.loads(stored.data)
        assert value["data"]["metadata"] == json.loads(stored.metadata)
        assert headers["ce_id"].decode() == value["eventId"]
        assert headers["ce_type"].decode() == value["eventType"]
        assert headers["content-type"] == b"application/json"


def largest() -> LeadCaptured:
    """As long as a lead can be: millions of bytes."""
    attributes = tuple(Attribute(name=f"{number:200}", value="\x01" * 2_000) for number in range(200))
    return replace(lead_captured(), attributes=attributes)


async def test_the_largest_event_passes(kafka_url: str, crm_database: str) -> None:
    """Kafka's own limit of 1 MB is raised where topics are made."""
    kafka = await own_kafka(kafka_url)
    log = Log()
    for number in range(3):
        log.append("lead", some_id(number), largest())
    assert len(log.events[0].data) > 3_000_000
    await store(crm_database, log.events)
    async with relaying(crm_database, kafka):
        await reached(kafka, 3)
    assert await differences(kafka, log.events) == []


async def test_a_topic_that_takes_less_does_not_stop_the_relay(kafka_url: str, crm_database: str) -> None:
    """An event that is too long for it goes without its payload: whoever reads it is told to look in the log."""
    kafka = await own_kafka(kafka_url)
    await limit(kafka, LEADS, 100_000)
    log = Log()
    log.append("lead", some_id("small"), lead_captured())
    log.append("lead", some_id("large"), largest())
    log.append("lead", some_id("later"), lead_captured())
    await store(crm_database, log.events)
    async with relaying(crm_database, kafka):
        await reached(kafka, 3)
    records = await everything_in(kafka)
    (large,) = [r for r in records[lane_of(log.events[1].stream)] if places_of(r.headers)[0] == 2]
    assert json.loads(large.value)["data"]["changes"] is None
    with pytest.raises(UnreadableRecord):
        stored_of(large.value, log.events[1].position)


async def limit(kafka: Kafka, topic: Topic, most: int) -> None:
    """Let the topic take records of so many bytes; it does when this returns."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.servers)
    await admin.start()
    wanted = {"max.message.bytes": str(most)}
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, kafka.name_of(topic), wanted)])
    await admin.close()
    smallest = await check_topics(kafka)
    while smallest != most:
        await asyncio.sleep(0.05)  # the broker hears of it from its controller: there is nothing to wait on
        smallest = await check_topics(kafka)


async def test_an_event_of_a_foreign_stream_stops_nobody(kafka_url: str, crm_database: str) -> None:
    """It cannot come from our own appender; it is in the audit."""
    kafka = await own_kafka(kafka_url)
    events = everything(Random(9), 100)[:20]
    events[10] = replace(events[10], stream=StreamName("somebody's settings"))
    await store(crm_database, events)
    async with relaying(crm_database, kafka):
        await reached(kafka, 20)
    found = await everything_in(kafka)
    topics = [lane.topic for lane, records in found.items() for r in records if places_of(r.headers)[0] == 11]
    assert topics == [AUDIT.name]


async def test_a_publisher_that_was_shut_out_publishes_nothing(kafka_url: str) -> None:
    """Whatever it begins after the other came."""
    kafka = await own_kafka(kafka_url)
    events = everything(Random(10), 100)[:30]
    async with publishing(kafka) as old, publishing(kafka) as new:
        before = outgoing(events[:10], await old.resume())
        await old.publish(before)
        relayed = await new.resume()
        assert relayed == before.relayed
        with pytest.raises(TransportUnavailable):
            await old.publish(outgoing(events[10:20], relayed))
        await new.publish(outgoing(events[10:], relayed))
    assert await differences(kafka, events) == []


async def test_what_a_publisher_had_begun_ends_when_another_comes(kafka_url: str) -> None:
    """It can no longer be committed, and readers are not kept waiting for it."""
    kafka = await own_kafka(kafka_url)
    events = everything(Random(13), 100)[:30]
    async with publishing(kafka) as old, publishing(kafka) as new:
        begun = outgoing(events[:20], await old.resume())
        await old._producer.begin_transaction()
        await old._send_all(begun)  # all but the commit
        await new.publish(outgoing(events, await new.resume()))
        with pytest.raises(KafkaError):
            await old._producer.commit_transaction()
    assert await differences(kafka, events) == []


async def test_a_record_that_is_refused_takes_its_transaction_along(kafka_url: str) -> None:
    """Nothing of it is published, and the checkpoint stays: all of it is tried again."""
    kafka = await own_kafka(kafka_url)
    await limit(kafka, LEADS, 1_000)
    events = everything(Random(11), 300)[:300]
    assert any(event.stream.startswith("lead-") for event in events)
    async with publishing(kafka) as publisher:
        await publisher.resume()
        with pytest.raises(TransportUnavailable, match=r"MessageSizeTooLarge|RecordListTooLarge|too large|10"):
            await publisher.publish(outgoing(events, NOTHING))
    assert not any((await everything_in(kafka)).values())
    assert await last_checkpoint(kafka) == NOTHING


async def test_a_checkpoint_is_found_behind_many_that_were_aborted(kafka_url: str) -> None:
    """However far back the last one is that was committed."""
    kafka = await own_kafka(kafka_url)
    events = everything(Random(12), 100)[:2]
    async with publishing(kafka) as publisher:
        await publisher.resume()
        await publisher.publish(outgoing(events[:1], NOTHING))
        begun = outgoing(events[1:], Relayed(events[0].position))
        for _ in range(60):
            await publisher._producer.begin_transaction()
            await publisher._send_all(begun)
            await publisher._producer.abort_transaction()
    assert (await last_checkpoint(kafka)).position == events[0].position
