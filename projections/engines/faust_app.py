"""One view group as a Faust app: its consumer group, its rebalances; no tables, no web server, no producer."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Final

import faust
from faust.app.base import BootStrategy
from faust.types.transports import TransportT
from mode import ServiceT

from event_schemas.topics import ENTITY_TOPICS
from projections.engines.cluster import Cluster
from projections.engines.faust_consumer import LaneTransport
from projections.engines.lanes import LaneFollower

SESSION_S: Final = 6.0
"""As soon as the broker allows; after so long the lanes of a dead worker are somebody else's."""
_HEARTBEAT_S: Final = 1.5
_DAY_S: Final = 86_400.0
_KNOCK_S: Final = 0.5

OpenFollower = Callable[[], AbstractAsyncContextManager[LaneFollower]]


class OnlyConsume(BootStrategy):
    """What `faust worker` starts whatever the settings say: its command line turns the web server on by default."""

    enable_kafka_producer = False

    def web_server(self) -> Iterable[ServiceT]:
        """None, nowhere."""
        return ()


class LaneApp(faust.App):
    """Reads the topics of all entities for one view group."""

    BootStrategy = OnlyConsume
    mundane_level = "debug"
    follower: LaneFollower

    def __init__(self, *, group: str, cluster: Cluster, follower: OpenFollower) -> None:
        self._open_follower = follower
        self.cluster = cluster
        super().__init__(
            cluster.group(group),
            broker=[f"aiokafka://{server}" for server in cluster.servers],
            autodiscover=False,
            store="memory://",
            web_enabled=False,
            topic_disable_leader=True,
            topic_allow_declare=False,
            stream_wait_empty=False,
            broker_session_timeout=SESSION_S,
            broker_heartbeat_interval=_HEARTBEAT_S,
            # whoever waits for a database that is down has no reason to leave the group
            broker_max_poll_interval=_DAY_S,
        )

    async def on_start(self) -> None:
        """Open the stores, then wait for Kafka: what is down at the start is waited for too."""
        await super().on_start()
        self.follower = await self.async_exit_stack.enter_async_context(self._open_follower())
        self.topics.add(self.topic(*(self.cluster.topic(topic.name) for topic in ENTITY_TOPICS), acks=False))
        while not self.should_stop and not await _answers(self.cluster):
            self.follower.report.down(f"Kafka at {self.cluster} does not answer")
            await self.sleep(_KNOCK_S)  # nothing says when a server is back

    def _new_transport(self) -> TransportT:
        return LaneTransport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """None: there is nothing to keep in files."""


async def _answers(cluster: Cluster) -> bool:
    """Whether somebody takes connections at one of the addresses."""
    return any([await _is_open(server) for server in cluster.servers])


async def _is_open(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_KNOCK_S):
            _, writer = await asyncio.open_connection(host, int(port))
        writer.close()
        return True
    return False
