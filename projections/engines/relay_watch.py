"""Reads what the relay says it has published: for the followers of this process, and for the table that readers ask."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from event_schemas.relayed import NOTHING, InvalidCheckpoint, Relayed, decode_relayed
from event_schemas.topics import CHECKPOINT
from projections.engines.cluster import Cluster
from projections.errors import SinkUnavailable

_WAIT_S: Final = 1.0
_FETCH_MS: Final = 1_000
_LAST_FEW: Final = 100
_ANSWER_MS: Final = 250

_OUTAGES: Final = (KafkaError, SinkUnavailable, OSError, TimeoutError)

_log = logging.getLogger(__name__)


class RelayWatch:
    """The last checkpoint of the relay, as soon as it is committed."""

    def __init__(self, *, cluster: Cluster, write: Callable[[Relayed], Awaitable[None]]) -> None:
        self._cluster = cluster
        self._partition = TopicPartition(cluster.topic(CHECKPOINT.name), 0)
        self._write = write
        self._latest: Relayed | None = None
        self._changed = asyncio.Event()

    def latest(self) -> Relayed | None:
        """None as long as the topic has not been read."""
        return self._latest

    async def run(self) -> None:
        """Until cancelled; what is down is waited for."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_for_ever(self._read), name="read the relay's checkpoints")
            tasks.create_task(_for_ever(self._tell), name="write the relay's checkpoints")

    async def _read(self) -> None:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=list(self._cluster.servers),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            fetch_max_wait_ms=_ANSWER_MS,
        )
        try:
            await consumer.start()
            consumer.assign([self._partition])
            await self._read_last(consumer)
            while True:
                await self._take(consumer)
        finally:
            await consumer.stop()

    async def _read_last(self, consumer: AIOKafkaConsumer) -> None:
        """Further and further back until there is one: what was aborted, and marks of transactions, are between."""
        first = (await consumer.beginning_offsets([self._partition]))[self._partition]
        end = (await consumer.end_offsets([self._partition]))[self._partition]
        few = _LAST_FEW
        found = False
        start = end
        while not found and start > first:
            start = max(first, end - few)
            consumer.seek(self._partition, start)
            while not found and await consumer.position(self._partition) < end:
                found = await self._take(consumer)
            few *= 10
        if not found:
            self._is(NOTHING)

    async def _take(self, consumer: AIOKafkaConsumer) -> bool:
        """Whether a checkpoint came."""
        records = (await consumer.getmany(self._partition, timeout_ms=_FETCH_MS)).get(self._partition, ())
        for record in reversed(records):
            try:
                self._is(decode_relayed(record.value))
            except InvalidCheckpoint as error:
                _log.warning("offset %d: %s", record.offset, error)
            else:
                return True
        return False

    def _is(self, relayed: Relayed) -> None:
        if self._latest is None or relayed.position >= self._latest.position:
            self._latest = relayed
            self._changed.set()

    async def _tell(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._write(self._latest or NOTHING)
            except BaseException:
                self._changed.set()
                raise


async def _for_ever(work: Callable[[], Awaitable[None]]) -> None:
    said = None
    while True:
        try:
            await work()
        except Exception as error:  # noqa: BLE001  # what is down, or a defect of ours: said once, and no reason to give up
            defect = None if isinstance(error, _OUTAGES) else error
            reason = f"{type(error).__name__}: {error}"
            if reason != said:
                _log.log(
                    logging.ERROR if defect else logging.WARNING,
                    "the relay's checkpoints wait: %s",
                    reason,
                    exc_info=defect,
                )
            said = reason
        await asyncio.sleep(_WAIT_S)  # nothing says when a server is back
