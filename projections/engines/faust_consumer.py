"""Faust's consumer with other offsets and whole batches: what Kafka has goes to a LaneFollower, not to streams.

All that is overridden here is private to Faust 0.15.3 or leans on what is: the version is pinned, and
tests/unit/projections/engines/test_faust_names.py fails when one of the names moves.
"""

import asyncio
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, cast

import uvloop
from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import IllegalStateError, KafkaError
from faust.transport.drivers.aiokafka import (
    AIOKafkaConsumerThread,
    Consumer,
    Transport,
    credentials_to_aiokafka_auth,
    server_list,
)
from faust.types import TP

from event_schemas.topics import Lane
from projections.engines.cluster import Cluster
from projections.engines.lane_records import Records
from projections.engines.lanes import BATCH, Kept, SourceLost, SourceUnavailable

if TYPE_CHECKING:
    from projections.engines.faust_app import LaneApp

FETCH_S: Final = 1.0
ANSWER_S: Final = 20.0
"""After so long without an answer, the client is made anew: a broker that is down is waited for where it begins."""
_ANSWER_MS: Final = 100
"""How long the broker waits for records: while it does, lanes that were just drained are not asked for."""
_LOOK_AGAIN_MS: Final = 10_000
"""How soon topics are noticed that were created after the worker was started."""


class LaneConsumerThread(AIOKafkaConsumerThread):
    """Reads committed records only, since the relay writes in transactions; Faust does that for exactly_once alone."""

    mundane_level = "debug"

    def _create_worker_consumer(self, transport: Transport) -> AIOKafkaConsumer:
        conf = self.app.conf
        return AIOKafkaConsumer(
            **credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context),
            client_id=conf.broker_client_id,
            group_id=conf.id,
            bootstrap_servers=server_list(transport.url, transport.default_port),
            partition_assignment_strategy=[RoundRobinPartitionAssignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_poll_records=BATCH,
            max_poll_interval_ms=int(conf.broker_max_poll_interval * 1000),
            max_partition_fetch_bytes=conf.consumer_max_fetch_size,
            fetch_max_wait_ms=_ANSWER_MS,
            metadata_max_age_ms=_LOOK_AGAIN_MS,
            request_timeout_ms=int(conf.broker_request_timeout * 1000),
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
        )


class LaneConsumer(Consumer):
    """The ``Source`` of its app's follower."""

    mundane_level = "debug"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.turn = 0
        super().__init__(*args, **kwargs)

    def _new_consumer_thread(self) -> LaneConsumerThread:
        thread = LaneConsumerThread(self, loop=self.loop, beacon=self.beacon, thread_loop=uvloop.new_event_loop())
        thread._close_thread_loop_on_stop = True  # noqa: SLF001  # as if it had made the loop itself
        return thread

    async def perform_seek(self) -> None:
        """Nothing of what Faust committed, ever: the follower seeks to what is stored beside the watermarks."""
        self.turn += 1

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """What is being done for them need not be waited for: their watermarks keep it out."""
        self.turn += 1
        await super().on_partitions_revoked(revoked)

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> dict[TP, list[Any]]:
        """The whole of Faust's inner loop: nothing is left over for streams."""
        await self._lane_app.follower.step(self)
        return {}

    @property
    def _lane_app(self) -> "LaneApp":
        return cast("LaneApp", self.app)

    @property
    def _cluster(self) -> Cluster:
        return self._lane_app.cluster

    def _tp(self, lane: Lane) -> TP:
        return TP(self._cluster.topic(lane.topic), lane.partition)

    @property
    def lanes(self) -> Collection[Lane]:
        """See Source."""
        return [self._cluster.lane(tp) for tp in self.assignment()]

    async def kept(self, lanes: Collection[Lane]) -> Mapping[Lane, Kept]:
        """See Source."""
        wanted = [self._tp(lane) for lane in lanes]
        try:
            async with asyncio.timeout(ANSWER_S):
                with _outages_named():
                    first, end = await self.earliest_offsets(*wanted), await self.highwaters(*wanted)
        except TimeoutError as error:
            raise SourceLost(f"Kafka's client has not answered for {ANSWER_S:.0f} s") from error
        return {lane: Kept(first[tp], end[tp]) for lane, tp in zip(lanes, wanted, strict=True)}

    async def seek(self, offsets: Mapping[Lane, int]) -> None:  # type: ignore[override]  # Faust's own is not used
        """See Source."""
        with _outages_named():
            await self.seek_wait({self._tp(lane): offset for lane, offset in offsets.items()})

    async def fetch(self) -> Records:
        """See Source."""
        records = await super()._getmany(self._get_active_partitions(), FETCH_S)
        return {self._cluster.lane(tp): some for tp, some in records.items()}

    async def is_drained(self, lane: Lane) -> bool:
        """See Source."""
        with _outages_named():
            position, end = await self.position(self._tp(lane)), self.highwater(self._tp(lane))
        # None before the first answer of the broker, whatever Faust declares
        return None not in {position, end} and cast("int", position) >= end

    async def pause(self, seconds: float) -> None:
        """See Source."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.suspend_flow.wait()


class LaneTransport(Transport):
    """Faust's transport with that consumer."""

    Consumer = LaneConsumer


@contextmanager
def _outages_named() -> Iterator[None]:
    try:
        yield
    except (KafkaError, IllegalStateError, TimeoutError) as error:
        raise SourceUnavailable(f"Kafka: {type(error).__name__}: {error}") from error
