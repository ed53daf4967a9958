"""The relay: follows the log and publishes every event once, in order. The log is its outbox; it stores nothing itself.

Several relays may run. One leads, the others stand by; who comes to lead first fences whoever led before, then goes on
from the checkpoint that was committed with the last records.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Literal, Protocol

import msgspec

from event_schemas.ports import EventLog
from event_schemas.relayed import NOTHING, Relayed
from write_side.application.outgoing import Outgoing, outgoing
from write_side.application.reading_ahead import ReadingAhead

_FIRST_WAIT_S: Final = 0.1
_LONGEST_WAIT_S: Final = 5.0

_log = logging.getLogger(__name__)


class TransportUnavailable(ConnectionError):
    """The transport does not answer, or no longer takes records from this relay; after a while, try from the start."""


class TransportNotReady(Exception):
    """The transport lacks what the relay needs, and somebody has to bring it there: says what to do, in one line."""


class Publisher(Protocol):
    """Publishes as the only one. Every method raises TransportUnavailable."""

    @property
    def at_most(self) -> int:
        """Bytes of the longest value that is taken."""

    async def resume(self) -> Relayed:
        """End what earlier relays left open, shut them out, and say how far they came."""
        ...

    async def publish(self, batch: Outgoing) -> None:
        """All records and the checkpoint, or nothing; returns when they are committed."""
        ...


class Candidacy(Protocol):
    """A relay's place among those that would lead. Every method raises TransportUnavailable, also while it waits."""

    async def elected(self) -> int:
        """Wait until this relay is to lead: the number of its term."""
        ...

    async def deposed(self, term: int) -> None:
        """Wait until that term is over."""
        ...


class Transport(Protocol):
    """Where records go."""

    def candidacy(self) -> AbstractAsyncContextManager[Candidacy]:
        """Stand for the lead. Raises TransportUnavailable and TransportNotReady."""
        ...

    def publisher(self) -> AbstractAsyncContextManager[Publisher]:
        """Connect as the leader. Raises TransportUnavailable."""
        ...


Role = Literal["joining", "standing by", "leading"]


class RelayStatus(msgspec.Struct, frozen=True):
    """How the relay is doing."""

    role: Role = "joining"
    relayed: Relayed = NOTHING
    """As far as it knows, which is while it leads."""
    published: int = 0
    """Events, by this process."""
    strays: int = 0
    """Of these, events of streams that are none of ours: they are in the audit only."""
    waits_for: str | None = None
    """What is down, while something is."""


class Relay:
    """One relay process."""

    def __init__(
        self,
        *,
        log: EventLog,
        transport: Transport,
        told: Callable[[RelayStatus], None] = lambda _: None,
        longest_wait_seconds: float = _LONGEST_WAIT_S,
    ) -> None:
        self.status = RelayStatus()
        self._log = log
        self._transport = transport
        self._told = told
        self._longest_wait = longest_wait_seconds

    async def run(self) -> None:
        """Until cancelled. What is down is waited for; raises TransportNotReady."""
        wait = _FIRST_WAIT_S
        while True:
            published = self.status.published
            try:
                await self._stand()
            except TransportNotReady:
                raise
            except TransportUnavailable as error:
                self._wait_for(str(error), logging.WARNING)
            except Exception as error:  # noqa: BLE001 - a defect of ours: seen in status and log, and no reason to give up
                self._wait_for(f"{type(error).__name__}: {error}", logging.ERROR, traceback_of=error)
            wait = _FIRST_WAIT_S if self.status.published > published else min(2 * wait, self._longest_wait)
            await asyncio.sleep(wait)  # nothing says when a server is back

    async def _stand(self) -> None:
        """Lead whenever elected, until something goes wrong: then our place among the candidates is given up too, so
        that a relay which was shut out does not shut out its successor.
        """
        async with self._transport.candidacy() as candidacy:
            while True:
                self._tell(role="standing by", waits_for=None)
                _log.info("stands by")
                term = await candidacy.elected()
                await _first_of(self._lead(), candidacy.deposed(term))

    async def _lead(self) -> None:
        async with self._transport.publisher() as publisher:
            relayed = await publisher.resume()
            self._tell(role="leading", relayed=relayed, waits_for=None)
            _log.info("leads, from position %d", relayed.position)
            ahead = ReadingAhead(self._log)
            async with ahead.following(relayed.position) as reader:
                await _first_of(self._publish(ahead, publisher, relayed), _end_of(reader))

    async def _publish(self, ahead: ReadingAhead, publisher: Publisher, relayed: Relayed) -> None:
        while True:
            batch = outgoing(await ahead.next(), relayed, at_most=publisher.at_most)
            for stray in batch.strays:
                _log.warning("event %s of stream %r goes to the audit only", stray.event_id, stray.stream)
            await publisher.publish(batch)
            relayed = batch.relayed
            self._tell(
                relayed=relayed,
                published=self.status.published + batch.events,
                strays=self.status.strays + len(batch.strays),
            )

    def _tell(self, **changes: Any) -> None:
        self.status = msgspec.structs.replace(self.status, **changes)
        self._told(self.status)

    def _wait_for(self, reason: str, level: int, traceback_of: Exception | None = None) -> None:
        if self.status.waits_for != reason:
            _log.log(level, "the relay waits: %s", reason, exc_info=traceback_of)
        self._tell(role="joining", waits_for=reason)


async def _first_of(*work: Coroutine[Any, Any, None]) -> None:
    """Do all of it until one is done or fails; then the rest is cancelled, and has ended when this returns."""
    tasks = [asyncio.create_task(part) for part in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for task, outcome in zip(tasks, outcomes, strict=True):
        if task in done and isinstance(outcome, Exception):
            raise outcome


async def _end_of(task: asyncio.Task[None]) -> None:
    """Raises what it ended by."""
    await asyncio.wait([task])
    task.result()
