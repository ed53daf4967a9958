"""The event store over any recorder of the eventsourcing library: in memory for tests, SQLite for one user offline."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import ParamSpec, TypeVar
from uuid import UUID

from eventsourcing.persistence import ApplicationRecorder, IntegrityError, PersistenceError
from eventsourcing.popo import POPOApplicationRecorder
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from event_schemas import codec
from event_schemas.envelope import Origin, StoredEvent, StreamHead
from event_schemas.ports import ANY, EventFilter
from event_schemas.registry import Event
from event_schemas.streams import Position, StreamName, TenantId
from write_side.adapters.following import POLL_SECONDS, HeadWatch, follow
from write_side.adapters.keys import DerivedTenantKeys
from write_side.adapters.recorded_keys import MemoryKeys, RecordedKeys, SQLiteKeys
from write_side.adapters.recorded_log import RecordedLog
from write_side.application.ports import Appended, EventStoreUnavailable, VersionConflict

P = ParamSpec("P")
T = TypeVar("T")


def _now() -> datetime:
    return datetime.now(UTC)


class RecorderEventStore:
    """``EventStore`` over a recorder whose ids of originators are text.

    A recorder that does I/O blocks: with ``threaded`` its calls run in a thread of their own, one after the other.
    """

    def __init__(
        self,
        recorder: ApplicationRecorder,
        *,
        threaded: bool,
        keys: RecordedKeys,
        clock: Callable[[], datetime] = _now,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._recorder = recorder
        self._keys = keys
        self._log = RecordedLog(recorder, keys)
        self._thread = ThreadPoolExecutor(1, "recorder") if threaded else None
        self._clock = clock
        self._watch = HeadWatch(self.head, poll_seconds=poll_seconds)

    @classmethod
    def in_memory(cls, *, clock: Callable[[], datetime] = _now) -> "RecorderEventStore":
        """An empty log that is gone with this object."""
        return cls(POPOApplicationRecorder(), threaded=False, keys=MemoryKeys(), clock=clock)

    @classmethod
    def in_sqlite(cls, file: Path, *, secret: bytes, clock: Callable[[], datetime] = _now) -> "RecorderEventStore":
        """The log in an SQLite file, made if there is none; each append is on disk before it is acknowledged.

        ``secret`` is the master secret, for personal data.
        """
        recorder = SQLiteApplicationRecorder(
            SQLiteDatastore(file.resolve().as_uri(), originator_id_type="text", pool_size=1)
        )
        recorder.create_table()
        keys = SQLiteKeys(recorder.datastore, DerivedTenantKeys(secret))
        return cls(recorder, threaded=True, keys=keys, clock=clock)

    async def close(self) -> None:
        """Let go of the recorder's thread and files."""
        await self._watch.close()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.shutdown)
        if isinstance(self._recorder, SQLiteApplicationRecorder):
            self._recorder.datastore.close()

    async def append(
        self, stream: StreamName, events: Sequence[Event], *, expected: StreamHead, origin: Origin
    ) -> Appended:
        keys = codec.NO_KEYS
        if subjects := codec.subjects_of(events, stream):
            keys = await self._run(self._keys.make, origin.tenant, subjects)
        sealed = codec.seal(events, stream=stream, head=expected, origin=origin, recorded_at=self._clock(), keys=keys)
        position = await self._run(self._insert, stream, expected.version, sealed)
        self._watch.wake(position)
        return Appended(StreamHead(sealed[-1].stream_version, sealed[-1].hash), position)

    async def load(self, stream: StreamName, *, after: int = 0, until: int | None = None) -> Sequence[StoredEvent]:
        return await self._run(self._log.load, stream, after, until)

    async def load_many(self, streams: Mapping[StreamName, int]) -> Mapping[StreamName, Sequence[StoredEvent]]:
        return {stream: await self.load(stream, after=after) for stream, after in streams.items()}

    async def read_all(
        self, *, after: Position, limit: int, where: EventFilter = ANY, until: Position | None = None
    ) -> Sequence[StoredEvent]:
        return await self._run(self._log.read_all, after, limit, where, until)

    async def read_entity(
        self, tenant: TenantId, entity: UUID, *, after: Position, limit: int
    ) -> Sequence[StoredEvent]:
        return await self._run(self._log.read_entity, tenant, entity, after, limit)

    def follow(self, *, after: Position, where: EventFilter = ANY) -> AsyncIterator[Sequence[StoredEvent]]:
        return follow(self, self._watch, after=after, where=where)

    async def head(self) -> Position:
        return await self._run(self._log.head)

    def _insert(self, stream: StreamName, expected: int, sealed: Sequence[StoredEvent]) -> Position:
        """The recorder itself refuses a version that exists; the check before it is for gaps and for known ids."""
        actual = self._log.version(stream)
        if actual != expected or self._log.has_any(event.event_id for event in sealed):
            raise VersionConflict(stream, expected=expected, actual=actual)
        try:
            return self._log.insert(sealed)
        except IntegrityError as error:
            actual = self._log.version(stream)
            raise VersionConflict(stream, expected=expected, actual=actual) from error

    async def _run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        with _outages_named():
            if self._thread is None:
                return call(*args, **kwargs)
            return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: call(*args, **kwargs))


@contextmanager
def _outages_named() -> Iterator[None]:
    try:
        yield
    except PersistenceError as error:
        raise EventStoreUnavailable(f"the event store does not answer: {error}") from error
