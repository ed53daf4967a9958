"""What is in the relay's topics, as a consumer finds it that reads only what is committed."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition
from msgspec.structs import replace

from event_schemas.envelope import StoredEvent
from event_schemas.records import places_of, stored_of
from event_schemas.relayed import Relayed
from event_schemas.streams import START
from event_schemas.topics import AUDIT, ENTITY_LANES, Lane, audit_lane_of, lane_of
from write_side.adapters.kafka import Kafka
from write_side.adapters.kafka_checkpoint import last_checkpoint
from write_side.adapters.kafka_topics import apply_topics

LANES = (*ENTITY_LANES, *AUDIT.lanes)
SETTLING_SECONDS = 70
"""More than a transaction may stay open whose relay died."""
_POLL_SECONDS = 0.1


async def own_kafka(url: str) -> Kafka:
    """The topics of the platform under names that only one test has."""
    kafka = Kafka(url, prefix=f"{uuid4().hex}.")
    await apply_topics(kafka)
    return kafka


@asynccontextmanager
async def reading(kafka: Kafka, *, isolation: str = "read_committed") -> AsyncIterator[Any]:
    """A consumer of all lanes, from their beginning."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.servers, isolation_level=isolation, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(kafka.name_of(lane.topic), lane.partition) for lane in LANES])
        await consumer.seek_to_beginning()
        yield consumer
    finally:
        await consumer.stop()


async def everything_in(kafka: Kafka) -> dict[Lane, list[Any]]:
    """All committed records, in the order of each lane. No transaction may be open for good."""
    found: dict[Lane, list[Any]] = {lane: [] for lane in LANES}
    async with reading(kafka) as consumer:
        ends = await _settled_ends(kafka, consumer)
        for partition in consumer.assignment():
            lane = Lane(partition.topic.removeprefix(kafka.prefix), partition.partition)
            while await consumer.position(partition) < ends[partition]:
                got = await consumer.getmany(partition, timeout_ms=50)
                found[lane] += got.get(partition, [])
    return found


async def _settled_ends(kafka: Kafka, consumer: Any) -> Mapping[TopicPartition, int]:
    """Where the lanes end, once each knows what became of its last transaction: a commit tells them one by one."""
    async with reading(kafka, isolation="read_uncommitted") as whatever, asyncio.timeout(SETTLING_SECONDS):
        while True:
            ends: Mapping[TopicPartition, int] = await whatever.end_offsets(whatever.assignment())
            if await consumer.end_offsets(consumer.assignment()) == ends:
                return ends
            await asyncio.sleep(_POLL_SECONDS)  # the broker does it: there is nothing to wait on


async def reached(kafka: Kafka, position: int, *, seconds: float = 60) -> Relayed:
    """The relay's checkpoint, once it is that far."""
    relayed = await last_checkpoint(kafka)
    async with asyncio.timeout(seconds):
        while relayed.position < position:
            await asyncio.sleep(_POLL_SECONDS)  # another process writes it: there is nothing to wait on
            relayed = await last_checkpoint(kafka)
    return relayed


def expected(events: Sequence[StoredEvent]) -> Mapping[Lane, list[StoredEvent]]:
    """Where each event has to be, without the keys, which never leave."""
    lanes: dict[Lane, list[StoredEvent]] = {lane: [] for lane in LANES}
    for event in events:
        for lane in (lane_of(event.stream), audit_lane_of(event.stream)):
            lanes[lane].append(event)
    return lanes


async def differences(kafka: Kafka, events: Sequence[StoredEvent]) -> list[str]:
    """Lanes with missing, doubled, unordered, unchained or altered events: none when all are there, once, in order."""
    found = await everything_in(kafka)
    wrong = []
    for lane, wanted in expected(events).items():
        positions = [event.position for event in wanted]
        places = [places_of(record.headers) for record in found[lane]]
        if places != list(zip(positions, [START, *positions], strict=False)):
            wrong.append(f"{lane}: {places} instead of {positions}")
        elif [stored_of(record.value, place[0]) for record, place in zip(found[lane], places, strict=True)] != [
            _without_key(event) for event in wanted
        ]:
            wrong.append(f"{lane}: other bytes")
    return wrong


def _without_key(event: StoredEvent) -> StoredEvent:
    return replace(event, key=None)
