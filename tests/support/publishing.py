"""Puts events into the topics as a test wants them there: some left out, some aborted, with or without a checkpoint."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from uuid import uuid4

from aiokafka import AIOKafkaProducer

from event_schemas.envelope import StoredEvent
from event_schemas.records import Headers, headers_of, value_of
from event_schemas.relayed import KEY, Relayed, encode_relayed
from event_schemas.streams import START, Position
from event_schemas.topics import CHECKPOINT, Lane, key_of, lane_of
from write_side.adapters.kafka import Kafka


class Publisher:
    """What the relay would write, and what it would not."""

    def __init__(self, kafka: Kafka, producer: AIOKafkaProducer) -> None:
        self._kafka = kafka
        self._producer = producer
        self._last: dict[Lane, Position] = {}

    async def publish(self, events: Sequence[StoredEvent], *, without: Collection[Position] = ()) -> None:
        """In one transaction; those that are left out count as predecessors all the same."""
        async with self._producer.transaction():
            for event in events:
                lane = lane_of(event.stream)
                headers = headers_of(event, previous=self._last.get(lane, START))
                if event.position not in without:
                    await self.send(lane, value_of(event), headers, key=key_of(event.stream).encode())
                self._last[lane] = event.position

    async def checkpoint(self, position: Position, lanes: Mapping[Lane, Position] | None = None) -> None:
        """All that was published, or was to be, is told."""
        relayed = Relayed(position, self._last if lanes is None else lanes)
        async with self._producer.transaction():
            await self._producer.send(self._kafka.name_of(CHECKPOINT), encode_relayed(relayed), key=KEY, partition=0)

    async def abort(self, events: Sequence[StoredEvent]) -> None:
        """Records of a transaction that never was."""
        await self._producer.begin_transaction()
        for event in events:
            lane = lane_of(event.stream)
            await self.send(lane, value_of(event), headers_of(event, previous=self._last.get(lane, START)))
        await self._producer.flush()
        await self._producer.abort_transaction()

    async def send(self, lane: Lane, value: bytes | None, headers: Headers, *, key: bytes | None = None) -> None:
        """One record; inside a transaction."""
        topic = self._kafka.name_of(lane.topic)
        await self._producer.send(topic, value, key=key, partition=lane.partition, headers=headers)


@asynccontextmanager
async def publisher(kafka: Kafka) -> AsyncIterator[Publisher]:
    """Over a transactional producer, as the relay's."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka.servers, transactional_id=uuid4().hex)
    await producer.start()
    try:
        yield Publisher(kafka, producer)
    finally:
        await producer.stop()
