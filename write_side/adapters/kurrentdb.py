"""The event store in EventStoreDB / KurrentDB."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Self
from weakref import WeakValueDictionary

from event_schemas import codec
from event_schemas.envelope import Origin, StoredEvent, StreamHead
from event_schemas.registry import Event
from event_schemas.streams import Position, StreamName
from write_side.adapters.keys import DerivedTenantKeys
from write_side.adapters.kurrent_append import KurrentAppender
from write_side.adapters.kurrent_connection import PAUSES, KurrentConnection
from write_side.adapters.kurrent_ids import StreamIds
from write_side.adapters.kurrent_log import KurrentEventLog, load
from write_side.adapters.postgres_session import Pool, open_pool
from write_side.adapters.subject_keys import PostgresSubjectKeys
from write_side.adapters.subject_salts import SubjectSalts
from write_side.application.ports import Appended, VersionConflict


class KurrentEventStore(KurrentEventLog):
    """``EventStore``: the log, and appending.

    The keys of people's data are in PostgreSQL, and no transaction holds the two servers together: whether somebody was
    erased is asked right before the append, every time. An erasure between the answer and the append leaves an event
    that nobody can open: it reads as erased, which it is.
    """

    def __init__(
        self, connection: KurrentConnection, pool: Pool, keys: DerivedTenantKeys, *, clock: Callable[[], datetime]
    ) -> None:
        super().__init__(connection, SubjectSalts(pool, keys))
        self._subjects = PostgresSubjectKeys(pool, keys, pauses=connection.pauses, kept=0)
        self._appender = KurrentAppender(connection)
        self._ids = StreamIds(lambda stream, after: load(connection, stream, after=after))
        self._clock = clock
        self._turns: WeakValueDictionary[StreamName, asyncio.Lock] = WeakValueDictionary()
        self._appends: set[asyncio.Task[Position]] = set()

    @classmethod
    async def connect(  # type: ignore[override] # a store needs the keys, a log may do without
        cls,
        url: str,
        *,
        postgres_url: str,
        secret: bytes,
        role: str = "crm_append",
        connections: int = 4,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        pauses: Sequence[float] = PAUSES,
    ) -> Self:
        """``secret`` is the master secret, for personal data; ``connections`` are those to PostgreSQL.

        Both servers may come up later.
        """
        connection = KurrentConnection.to(url, pauses=pauses)
        return cls(connection, await open_pool(postgres_url, role, connections), DerivedTenantKeys(secret), clock=clock)

    async def append(
        self, stream: StreamName, events: Sequence[Event], *, expected: StreamHead, origin: Origin
    ) -> Appended:
        """See the port. Whoever gives up waiting stops nothing: what was begun is stored or refused as a whole."""
        keys = codec.NO_KEYS
        if subjects := codec.subjects_of(events, stream):
            keys = await self._subjects.keys(origin.tenant, subjects)
        sealed = codec.seal(events, stream=stream, head=expected, origin=origin, recorded_at=self._clock(), keys=keys)
        position = await self.append_sealed(stream, expected.version, sealed)
        return Appended(StreamHead(sealed[-1].stream_version, sealed[-1].hash), position)

    async def append_sealed(self, stream: StreamName, expected: int, sealed: Sequence[StoredEvent]) -> Position:
        """The same for events that are sealed."""
        turn = self._turns.setdefault(stream, asyncio.Lock())
        append = asyncio.create_task(self._append_in_turn(turn, stream, expected, sealed), name=f"append to {stream}")
        self._appends.add(append)
        append.add_done_callback(self._settled)
        return await asyncio.shield(append)

    async def load(self, stream: StreamName, *, after: int = 0, until: int | None = None) -> Sequence[StoredEvent]:
        events = await super().load(stream, after=after, until=until)
        self._ids.saw(stream, events)
        return events

    async def load_many(self, streams: Mapping[StreamName, int]) -> Mapping[StreamName, Sequence[StoredEvent]]:
        found = await super().load_many(streams)
        for stream, events in found.items():
            self._ids.saw(stream, events)
        return found

    async def close(self) -> None:
        """Answer every append that was begun, then give the connections back."""
        if self._appends:
            await asyncio.wait(self._appends)
        await super().close()

    def _settled(self, append: asyncio.Task[Position]) -> None:
        self._appends.discard(append)
        if not append.cancelled():
            append.exception()  # whoever still waits is told; that nobody does is no news

    async def _append_in_turn(
        self, turn: asyncio.Lock, stream: StreamName, expected: int, sealed: Sequence[StoredEvent]
    ) -> Position:
        """Those on one stream one after the other, in the order in which they were asked for."""
        async with turn:
            if expected and await self._ids.has_any(stream, (event.event_id for event in sealed), until=expected):
                raise VersionConflict(stream, expected=expected, actual=await self._appender.version(stream))
            position = await self._appender.append(stream, expected, sealed)
            self._ids.saw(stream, sealed)
            return position
