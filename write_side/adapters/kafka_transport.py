"""Kafka as the relay's transport."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from event_schemas.records import MAX_RECORD_BYTES
from write_side.adapters.kafka import Kafka
from write_side.adapters.kafka_leadership import Membership, standing
from write_side.adapters.kafka_publisher import KafkaPublisher, publishing
from write_side.adapters.kafka_topics import check_topics


class KafkaTransport:
    """``Transport``."""

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self._largest_record = MAX_RECORD_BYTES

    @asynccontextmanager
    async def candidacy(self) -> AsyncIterator[Membership]:
        self._largest_record = min(await check_topics(self._kafka), MAX_RECORD_BYTES)
        async with standing(self._kafka) as membership:
            yield membership

    def publisher(self) -> AbstractAsyncContextManager[KafkaPublisher]:
        return publishing(self._kafka, largest_record=self._largest_record)
