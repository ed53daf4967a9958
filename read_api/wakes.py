"""Hears over Redis that the log has grown or that views have moved, wherever that was: one connection per process.

Whoever waits asks PostgreSQL from time to time anyway. A wake only lets it ask at once, so a message that is lost, or a
Redis that is down, costs a little time and no answer.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from event_schemas.streams import START, Position
from event_schemas.topics import LOG, Lane
from event_schemas.wakes import NoWake, decode_wake
from read_api.metrics import Metrics

Told = Callable[[Mapping[Lane, Position]], None]

SILENCE_SECONDS: Final = 10.0
"""After so long the server is asked whether it is still there; after twice as long the connection counts as lost."""
FIRST_WAIT_SECONDS: Final = 0.05
LONGEST_WAIT_SECONDS: Final = 2.0

_log = logging.getLogger(__name__)


class Ear:
    """Listens on some channels for as long as it runs, whatever becomes of the server."""

    def __init__(
        self,
        client: Redis,
        channels: Mapping[str, Told],
        *,
        missed: Callable[[], None],
        metrics: Metrics,
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        """``missed`` is called whenever it begins to listen: something may have been said before."""
        self._client = client
        self._channels = channels
        self._missed = missed
        self._metrics = metrics
        self._silence_seconds = silence_seconds
        self._wait = FIRST_WAIT_SECONDS

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                async with self._client.pubsub() as subscription:
                    await subscription.subscribe(*self._channels)
                    await self._listen(subscription)
            except Exception as error:  # noqa: BLE001 - whatever it is: without wakes everything is asked for
                _log.info("wakes are not heard for now: %s: %s", type(error).__name__, error)
            self._metrics.listening.set(0)
            await asyncio.sleep(self._wait)  # nothing says when a server is back
            self._wait = min(2 * self._wait, LONGEST_WAIT_SECONDS)

    async def _listen(self, subscription: PubSub) -> None:
        is_asked = False
        while True:
            message = await subscription.get_message(timeout=self._silence_seconds)
            if message is not None:
                is_asked = False
                self._hear(message)
            elif is_asked:
                raise TimeoutError(f"Redis has said nothing for {2 * self._silence_seconds:g} s")
            else:
                is_asked = True
                await subscription.ping()

    def _hear(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "subscribe":
            self._wait = FIRST_WAIT_SECONDS
            self._metrics.listening.set(1)
            self._missed()
        elif message["type"] == "message":
            channel = message["channel"].decode()
            self._metrics.wakes.labels(channel=channel).inc()
            try:
                self._channels[channel](decode_wake(message["data"]))
            except NoWake as error:
                _log.warning("%s: %s", channel, error)


class LogNews:
    """Passes on that the log has grown, as far as it is news in this process."""

    def __init__(self, wake: Callable[[Position], None]) -> None:
        """``wake`` is told the log's length, or START for whoever follows to ask."""
        self._wake = wake
        self._known = START

    def appended(self, position: Position) -> None:
        """This process has appended up to here."""
        self._known = max(self._known, position)
        self._wake(position)

    def heard(self, reached: Mapping[Lane, Position]) -> None:
        """Somebody says so, perhaps of this process's own append."""
        if reached.get(LOG, START) > self._known:
            self._wake(START)

    def missed(self) -> None:
        """Something may have been said."""
        self._wake(START)
