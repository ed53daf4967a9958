"""Publishes to Kafka: records and the checkpoint in one transaction, as the only one who may."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from event_schemas.records import MAX_RECORD_BYTES
from event_schemas.relayed import KEY, Relayed, encode_relayed
from event_schemas.topics import CHECKPOINT, Lane
from write_side.adapters.kafka import Kafka, closed_within, outages_named
from write_side.adapters.kafka_checkpoint import last_checkpoint
from write_side.application.outgoing import Outgoing, Record
from write_side.application.relay import TransportUnavailable

TRANSACTION_MS: Final = 60_000
"""After so long, the broker ends what a relay left open that died and has no successor."""
BATCH_BYTES: Final = 512 * 1024
"""Of one partition's records that are sent, compressed and stored as one."""
CONNECT_SECONDS: Final = 20.0
PUBLISH_SECONDS: Final = 60.0
"""After so long without an answer, all begins anew, from the checkpoint that was committed."""
RETRY_MS: Final = 20
"""A transaction that begins while the one before is still told to its partitions waits so long: at the client's usual
100 ms, that is what most events would wait for."""
_OVERHEAD_BYTES: Final = 8 * 1024
"""More than key and headers of a record of ours take."""
_CHECKPOINT: Final = Lane(CHECKPOINT.name, 0)


class KafkaPublisher:
    """``Publisher``, over one producer. After an error it is of no more use."""

    def __init__(self, kafka: Kafka, producer: Any, *, largest_record: int) -> None:
        self.at_most = largest_record - _OVERHEAD_BYTES
        self._kafka = kafka
        self._producer = producer
        self._open = False
        self._commit: asyncio.Future[None] | None = None

    async def resume(self) -> Relayed:
        """The producer's start ends the open transaction of any before it, and fences them."""
        with outages_named():
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._producer.start()
                return await last_checkpoint(self._kafka)

    async def publish(self, batch: Outgoing) -> None:
        with outages_named():
            async with asyncio.timeout(PUBLISH_SECONDS):
                await self._producer.begin_transaction()
                self._open = True
                await self._send_all(batch)
                self._open = False
                self._commit = asyncio.ensure_future(self._producer.commit_transaction())
                await asyncio.shield(self._commit)

    async def close(self) -> None:
        """Abort what is open; a commit that is on its way may arrive."""
        try:
            await closed_within(self._settle)
        finally:
            await closed_within(self._producer.stop)

    async def _settle(self) -> None:
        if self._open:
            # the client's own way: it aborts, unless another producer has already shut this one out
            await self._producer.transaction().__aexit__(TransportUnavailable, None, None)
        elif self._commit is not None and not self._commit.done():
            await self._commit

    async def _send_all(self, batch: Outgoing) -> None:
        now = int(time.time() * 1000)  # retention counts from here: what happened years ago is published today
        sent: list[asyncio.Future[Any]] = []
        for lane, records in batch.records.items():
            sent += await self._send(lane, records, now)
        checkpoint = Record(KEY, encode_relayed(batch.relayed), [])
        sent += await self._send(_CHECKPOINT, [checkpoint], now)
        await _acknowledged(sent)

    async def _send(self, lane: Lane, records: Sequence[Record], now: int) -> list[asyncio.Future[Any]]:
        topic = self._kafka.name_of(lane.topic)
        return [
            await self._producer.send_batch(batch, topic, partition=lane.partition)
            for batch in self._batches(records, now)
        ]

    def _batches(self, records: Iterable[Record], now: int) -> Iterable[Any]:
        batch = self._producer.create_batch()
        for key, value, headers in records:
            if batch.append(timestamp=now, key=key, value=value, headers=headers) is None:  # it is full
                yield batch
                batch = self._producer.create_batch()
                batch.append(timestamp=now, key=key, value=value, headers=headers)
        batch.close()
        yield batch


@asynccontextmanager
async def publishing(kafka: Kafka, *, largest_record: int = MAX_RECORD_BYTES) -> AsyncIterator[KafkaPublisher]:
    """A publisher to topics that take records of so many bytes; closed within seconds whatever its state."""
    producer = AIOKafkaProducer(
        **kafka.options,
        transactional_id=kafka.transactional_id,
        transaction_timeout_ms=TRANSACTION_MS,
        max_request_size=largest_record,
        max_batch_size=min(BATCH_BYTES, largest_record),
        retry_backoff_ms=RETRY_MS,
    )
    publisher = KafkaPublisher(kafka, producer, largest_record=largest_record)
    try:
        yield publisher
    finally:
        await publisher.close()


async def _acknowledged(sent: Sequence[asyncio.Future[Any]]) -> None:
    """All of them; a commit alone would not say that one was refused."""
    for outcome in await asyncio.gather(*sent, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome
