"""Folded streams, kept per process: only events newer than the kept state are read again."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from event_schemas.codec import decode
from event_schemas.envelope import EMPTY, Recorded, StoredEvent, StreamHead
from event_schemas.ports import EventLog
from event_schemas.registry import Event, of_name
from event_schemas.streams import START, Position, StreamName
from write_side.application.loading import GatheredLoading
from write_side.domain.decider import Decider


class CommandTrace(msgspec.Struct, frozen=True):
    """The first result of a command, as the log tells it."""

    digest: str
    version: int
    position: Position


class Folded(msgspec.Struct, frozen=True):
    """A stream's state and what a further command on it needs to know."""

    state: Any
    head: StreamHead = EMPTY
    version: int = 0
    """Events that are not bookkeeping."""
    position: Position = START
    occurred_at: Mapping[UUID, datetime] = {}
    """When each entity of the stream last changed, by the business clock."""
    commands: Mapping[UUID, CommandTrace] = {}


def extend(decider: Decider[Any, Any], folded: Folded, events: Iterable[StoredEvent]) -> Folded:
    """Fold further events; raises UndecodableEvent. The maps of ``folded`` pass into the answer: drop the old one."""
    state, version = folded.state, folded.version
    head, position = folded.head, folded.position
    occurred, commands = dict_of(folded.occurred_at), dict_of(folded.commands)
    for stored in events:
        recorded: Recorded[Event] = decode(stored)
        if not of_name(recorded.meta.type).bookkeeping:
            state = decider.evolve(state, recorded.entity_id, recorded.event)
            version += 1
            occurred[recorded.entity_id] = recorded.meta.occurred_at
        head, position = StreamHead(stored.stream_version, stored.hash), stored.position
        commands[stored.command_id] = CommandTrace(recorded.meta.request_digest, version, position)
    return Folded(state, head, version, position, occurred, commands)


def dict_of(mapping: Mapping[Any, Any]) -> dict[Any, Any]:
    """The mapping itself when it is already ours to extend, so that a long stream is not copied per command."""
    return mapping if isinstance(mapping, dict) and mapping else {}


class FoldCache:
    """At most ``size`` folded streams, least recently used first out."""

    def __init__(self, log: EventLog, *, size: int = 20_000) -> None:
        self._log = GatheredLoading(log)
        self._size = size
        self._kept: OrderedDict[StreamName, Folded] = OrderedDict()

    async def load(self, streams: Mapping[StreamName, Decider[Any, Any]]) -> dict[StreamName, Folded]:
        """The streams as the log has them now, in one round trip."""
        known = {name: self._kept.get(name) or Folded(decider.initial_state) for name, decider in streams.items()}
        newer = await self._log.load_many({name: folded.head.version for name, folded in known.items()})
        return {name: self._advance(name, known[name], decider, newer[name]) for name, decider in streams.items()}

    def peek(self, stream: StreamName, decider: Decider[Any, Any]) -> Folded:
        """What is kept of a stream; possibly old, possibly empty."""
        return self._kept.get(stream) or Folded(decider.initial_state)

    def _advance(
        self, name: StreamName, asked: Folded, decider: Decider[Any, Any], newer: Sequence[StoredEvent]
    ) -> Folded:
        # Another task may have advanced (or evicted) the kept state while the log answered: go on from the further one.
        kept = max(self._kept.get(name, asked), asked, key=lambda folded: folded.head.version)
        fresh = [event for event in newer if event.stream_version > kept.head.version]
        folded = extend(decider, kept, fresh) if fresh else kept
        if folded.head.version:
            self._keep(name, folded)
        return folded

    def _keep(self, name: StreamName, folded: Folded) -> None:
        self._kept[name] = folded
        self._kept.move_to_end(name)
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)
