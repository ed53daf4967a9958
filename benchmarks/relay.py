"""The relay from the event store to Kafka, beside a bare transactional producer of the same records.

The producer has all records in memory, makes as large transactions, and its client has the same settings; it awaits no
single record. Both begin with a connection, and end when the last transaction is committed.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from random import Random
from typing import Any, Final

import uvloop
from aiokafka import AIOKafkaProducer

import write_side.adapters.migrations
import write_side.bootstrap
from benchmarks.compare import Goal, compare
from benchmarks.scratch import scratch
from event_schemas.envelope import StoredEvent
from event_schemas.records import MAX_RECORD_BYTES
from event_schemas.relayed import KEY, NOTHING, encode_relayed
from event_schemas.topics import CHECKPOINT
from replay_tools.embedded.kafka import start_kafka
from replay_tools.embedded.postgres import start_postgres
from tests.support.events import store
from tests.support.histories import everything
from write_side.adapters.kafka import Kafka
from write_side.adapters.kafka_publisher import BATCH_BYTES, RETRY_MS, publishing
from write_side.adapters.kafka_topics import apply_topics
from write_side.application.outgoing import Outgoing, outgoing
from write_side.application.reading_ahead import MOST_EVENTS
from write_side.application.relay import Relay, RelayStatus

NAME = "relay"
EVENTS: Final = 20_000
WARM_UP: Final = 1

Run = Callable[[Kafka], Awaitable[float]]
"""Brings everything to the topics; the seconds that it took."""


def prepared(events: Sequence[StoredEvent]) -> list[Outgoing]:
    """What the relay makes of them, in full batches."""
    batches, relayed = [], NOTHING
    for start in range(0, len(events), MOST_EVENTS):
        batches.append(outgoing(events[start : start + MOST_EVENTS], relayed))
        relayed = batches[-1].relayed
    return batches


async def by_hand(batches: Sequence[Outgoing], kafka: Kafka) -> float:
    """The baseline."""
    producer = AIOKafkaProducer(
        **kafka.options,
        transactional_id=f"{kafka.prefix}by-hand",
        max_request_size=MAX_RECORD_BYTES,
        max_batch_size=BATCH_BYTES,
        retry_backoff_ms=RETRY_MS,
    )
    await producer.start()
    begun = time.perf_counter()
    for batch in batches:
        async with producer.transaction():
            sent: list[asyncio.Future[Any]] = []
            for lane, records in batch.records.items():
                topic = kafka.name_of(lane.topic)
                for key, value, headers in records:
                    sent.append(await producer.send(topic, value, key, lane.partition, headers=headers))
            checkpoint = encode_relayed(batch.relayed)
            sent.append(await producer.send(kafka.name_of(CHECKPOINT), checkpoint, KEY, 0))
            await asyncio.gather(*sent)
    seconds = time.perf_counter() - begun
    await producer.stop()
    return seconds


async def relayed(log_url: str, last: int, kafka: Kafka) -> float:
    """The platform's own way: from the moment when it leads."""
    leads = there = 0.0
    ended = asyncio.Event()

    def told(status: RelayStatus) -> None:
        nonlocal leads, there
        if status.role == "leading" and not leads:
            leads = time.perf_counter()
        if status.relayed.position == last:
            there = time.perf_counter()
            ended.set()

    running: Relay
    opened = write_side.bootstrap.relay(
        event_store_url=log_url, kafka_url=kafka.servers, kafka_prefix=kafka.prefix, told=told
    )
    async with opened as running:
        work = asyncio.create_task(running.run())
        await ended.wait()
        work.cancel()
        await asyncio.wait([work])
    return there - leads


class Measured:
    """Runs into the same topics from the beginning, and remembers what the CPU did."""

    def __init__(self, kafka: Kafka, events: int) -> None:
        self._kafka, self._events = kafka, events
        self.cpu: dict[str, list[float]] = {}

    async def rate(self, name: str, run: Run) -> float:
        """Events a second."""
        async with publishing(self._kafka) as publisher:
            await publisher.resume()
            await publisher.publish(Outgoing({}, NOTHING, 0, ()))
        begun = time.process_time()
        seconds = await run(self._kafka)
        self.cpu.setdefault(name, []).append((time.process_time() - begun) / self._events * 1e6)
        return self._events / seconds


async def measure(log_url: str, servers: str) -> None:
    """Both, in turns."""
    await write_side.adapters.migrations.upgrade(log_url)
    events = everything(Random(1), EVENTS)
    await store(log_url, events)
    kafka = Kafka(servers)
    await apply_topics(kafka)
    measured = Measured(kafka, len(events))
    batches = prepared(events)
    await compare(
        f"relay, {len(events)} events to {2 * len(events)} records, to a bare transactional producer of the same",
        candidate=partial(measured.rate, "relay", partial(relayed, log_url, events[-1].position)),
        baseline=partial(measured.rate, "producer", partial(by_hand, batches)),
        goal=Goal(at_least=0.5),
        rounds=5,
        unit=" events/s",
    )
    for name, costs in measured.cpu.items():
        counted = sorted(costs[WARM_UP:])
        print(f"  CPU of the {name}: {counted[len(counted) // 2]:.0f} us an event")


def main() -> None:
    """Measure and print, on servers of its own, which this thread must start."""
    with scratch() as data, start_postgres(data) as postgres, start_kafka(data) as kafka:
        uvloop.run(measure(postgres.url, kafka.url))
