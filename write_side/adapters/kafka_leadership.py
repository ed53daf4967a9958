"""Who leads: the member of the relays' group that the one partition of relay.checkpoint is assigned to."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition

from event_schemas.topics import CHECKPOINT
from write_side.adapters.kafka import Kafka, closed_within, outages_named

SESSION_MS: Final = 6_000
"""After so long without a sign of life, another relay leads."""
HEARTBEAT_MS: Final = 1_500
JOIN_SECONDS: Final = 20.0
_WAIT_MS: Final = 1_000


class Membership(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka is not typed
    """``Candidacy``."""

    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer
        self._term = 0
        self._leads = False
        self._changed = asyncio.Condition()
        self._watch: asyncio.Task[None] | None = None

    async def join(self) -> None:
        """Stand for the lead."""
        with outages_named():
            async with asyncio.timeout(JOIN_SECONDS):
                await self._consumer.start()

    async def elected(self) -> int:
        await self._watched(lambda: self._leads)
        return self._term

    async def deposed(self, term: int) -> None:
        await self._watched(lambda: self._term != term or not self._leads)

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Called by the consumer. What the topic holds is not read here: paused."""
        self._consumer.pause(*assigned)
        async with self._changed:
            self._leads = bool(assigned)
            self._term += 1
            self._changed.notify_all()

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Called by the consumer, before anybody else can be elected."""
        async with self._changed:
            self._leads = False
            self._changed.notify_all()

    async def _watched(self, condition: Callable[[], bool]) -> None:
        """Wait for it, and ask the consumer meanwhile: only so it tells what ails it, and counts as alive."""
        while not condition():
            asking = asyncio.ensure_future(self._consumer.getmany(timeout_ms=_WAIT_MS))
            changing = asyncio.ensure_future(self._change_of(condition))
            try:
                await asyncio.wait([asking, changing], return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (asking, changing):
                    task.cancel()
                await asyncio.gather(asking, changing, return_exceptions=True)
            if asking.done() and not asking.cancelled():
                with outages_named():
                    asking.result()

    async def _change_of(self, condition: Callable[[], bool]) -> None:
        async with self._changed:
            await self._changed.wait_for(condition)


@asynccontextmanager
async def standing(kafka: Kafka) -> AsyncIterator[Membership]:
    """A place in the group, left at the end."""
    consumer = AIOKafkaConsumer(
        **kafka.options,
        group_id=kafka.group,
        session_timeout_ms=SESSION_MS,
        heartbeat_interval_ms=HEARTBEAT_MS,
        enable_auto_commit=False,
        isolation_level="read_committed",
    )
    membership = Membership(consumer)
    consumer.subscribe([kafka.name_of(CHECKPOINT)], listener=membership)
    try:
        await membership.join()
        yield membership
    finally:
        await closed_within(consumer.stop)
