"""Clients of Kafka: how they are addressed, what things are called there, what counts as an outage."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec
from aiokafka.errors import IllegalOperation, KafkaError

from event_schemas.topics import Topic
from write_side.application.relay import TransportUnavailable

CLIENT_ID: Final = "eventcrm-relay"
REQUEST_MS: Final = 15_000
"""How long an answer may take."""
CLOSE_SECONDS: Final = 2.0
"""How long saying good-bye may take. A transaction that it leaves open ends when the next relay begins."""
_OUTAGES: Final = (KafkaError, IllegalOperation, OSError, TimeoutError)


class Kafka(msgspec.Struct, frozen=True):
    """A cluster, and the names of what is ours in it."""

    servers: str
    """``host:port``, several with commas between them."""
    prefix: str = ""
    """Of every topic, group and transactional id: apart from the real ones, for tests that share a broker."""

    def name_of(self, topic: Topic | str) -> str:
        """What a topic is called there."""
        return self.prefix + (topic if isinstance(topic, str) else topic.name)

    @property
    def group(self) -> str:
        """Of those that would lead."""
        return f"{self.prefix}eventcrm.relay"

    @property
    def transactional_id(self) -> str:
        """The same for every relay: this is what lets one shut the others out."""
        return f"{self.prefix}eventcrm.relay"

    @property
    def options(self) -> dict[str, Any]:
        """Of every client."""
        return {"bootstrap_servers": self.servers, "client_id": CLIENT_ID, "request_timeout_ms": REQUEST_MS}


def kafka_at(url: str, *, prefix: str = "") -> Kafka:
    """``host:port,host:port``, with or without ``kafka://`` before each."""
    servers = (server.strip().removeprefix("kafka://").rstrip("/") for server in url.split(","))
    return Kafka(",".join(server for server in servers if server), prefix)


@contextmanager
def outages_named() -> Iterator[None]:
    """Raise TransportUnavailable for what Kafka refuses or does not answer."""
    try:
        yield
    except _OUTAGES as error:
        said = str(error) or type(error).__name__
        raise TransportUnavailable(f"Kafka: {said}") from error


async def closed_within(close: Callable[[], Awaitable[object]], seconds: float = CLOSE_SECONDS) -> bool:
    """Whether it was closed; a broker that is down must not keep us."""
    try:
        async with asyncio.timeout(seconds):
            await close()
    except _OUTAGES:
        return False
    return True
