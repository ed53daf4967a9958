"""Reads the relay's checkpoint: the last committed record of its topic."""

from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from event_schemas.relayed import NOTHING, Relayed, decode_relayed
from event_schemas.topics import CHECKPOINT
from write_side.adapters.kafka import Kafka, closed_within

_FIRST_REACH: Final = 64
"""Offsets from the end: a commit takes two, and what was aborted takes some."""
_FURTHER: Final = 32
_WAIT_MS: Final = 100
"""What was aborted brings no record, only another position, which is looked at after so long."""


async def last_checkpoint(kafka: Kafka) -> Relayed:
    """How far the relay is; NOTHING when it never was. Raises InvalidCheckpoint and what the client raises."""
    partition = TopicPartition(kafka.name_of(CHECKPOINT), 0)
    consumer = AIOKafkaConsumer(**kafka.options, isolation_level="read_committed", enable_auto_commit=False)
    try:
        await consumer.start()
        consumer.assign([partition])
        return await _last(consumer, partition)
    finally:
        await closed_within(consumer.stop)


async def _last(consumer: Any, partition: TopicPartition) -> Relayed:
    """From near the end, and from further back as long as nothing is found there."""
    begin = (await consumer.beginning_offsets([partition]))[partition]
    end = (await consumer.end_offsets([partition]))[partition]
    reach = _FIRST_REACH
    while True:
        start = max(begin, end - reach)
        value = await _last_between(consumer, partition, start, end)
        if value is not None or start == begin:
            return NOTHING if value is None else decode_relayed(value)
        reach *= _FURTHER


async def _last_between(consumer: Any, partition: TopicPartition, start: int, end: int) -> bytes | None:
    value: bytes | None = None
    consumer.seek(partition, start)
    while await consumer.position(partition) < end:
        found = await consumer.getmany(partition, timeout_ms=_WAIT_MS)
        for record in found.get(partition, ()):
            value = record.value
    return value
