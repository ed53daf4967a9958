"""A recorder's log as ours: what it has no column for is packed into its state, what it cannot look up is indexed here.

The index is read from the log by the first call, and kept up by reading on from there; it is never stored.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from uuid import UUID

import eventsourcing.persistence as library
import msgspec

from event_schemas.envelope import StoredEvent
from event_schemas.ports import EventFilter
from event_schemas.streams import START, Position, StreamName, TenantId
from write_side.adapters.recorded_keys import RecordedKeys

_PAGE = 1000


class _State(msgspec.Struct, frozen=True, array_like=True):
    tenant: TenantId
    entity_id: UUID
    event_id: UUID
    command_id: UUID
    recorded_at: datetime
    metadata: bytes
    data: bytes
    hash: bytes
    subject_id: UUID | None = None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_State).decode


class RecordedLog:
    """Reads and inserts, blocking; from one thread at a time."""

    def __init__(self, recorder: library.ApplicationRecorder, keys: RecordedKeys) -> None:
        self._recorder = recorder
        self._keys = keys
        self._indexed = START
        self._streams: defaultdict[StreamName, list[Position]] = defaultdict(list)
        self._entities: defaultdict[tuple[TenantId, UUID], list[Position]] = defaultdict(list)
        self._event_ids: set[UUID] = set()

    def head(self) -> Position:
        """The position of the last event; 0 when there is none."""
        return Position(self._recorder.max_notification_id() or START)

    def version(self, stream: StreamName) -> int:
        """The stream's last version; 0 when it does not exist."""
        self._read_on()
        return len(self._streams.get(stream, ()))

    def has_any(self, event_ids: Iterable[UUID]) -> bool:
        """Whether one of these events is in what ``version`` has seen."""
        return not self._event_ids.isdisjoint(event_ids)

    def insert(self, events: Sequence[StoredEvent]) -> Position:
        """All or nothing; raises the library's IntegrityError when a version exists. The position of the last one."""
        positions = self._recorder.insert_events([_packed(event) for event in events])
        if not positions:
            raise library.NotSupportedError(f"{type(self._recorder).__name__} does not tell positions")
        return Position(positions[-1])

    def load(self, stream: StreamName, after: int, until: int | None) -> list[StoredEvent]:
        """See ``EventLog.load``."""
        found = self._recorder.select_events(stream, gt=after, lte=until)
        self._read_on()
        positions = self._streams[stream] if found else ()
        return self._with_keys(_unpacked(stored, positions[stored.originator_version - 1]) for stored in found)

    def read_all(self, after: Position, limit: int, where: EventFilter, until: Position | None) -> list[StoredEvent]:
        """See ``EventLog.read_all``."""
        if where.types is not None and not where.types:
            return []
        wanted = (
            event
            for event in self._scan(after, tuple(where.types or ()), until)
            if where.tenant is None or event.tenant == where.tenant
        )
        return self._with_keys(islice(wanted, limit))

    def read_entity(self, tenant: TenantId, entity: UUID, after: Position, limit: int) -> list[StoredEvent]:
        """See ``EventLog.read_entity``."""
        self._read_on()
        positions = self._entities.get((tenant, entity), [])
        start = bisect_right(positions, after)
        found = (event for p in positions[start : start + limit] for event in self._page(Position(p - 1), 1))
        return self._with_keys(found)

    def _with_keys(self, events: Iterable[StoredEvent]) -> list[StoredEvent]:
        return [event if event.subject_id is None else self._with_key(event, event.subject_id) for event in events]

    def _with_key(self, event: StoredEvent, subject: UUID) -> StoredEvent:
        return msgspec.structs.replace(event, key=self._keys.find(event.tenant, subject))

    def _scan(self, after: Position, types: Sequence[str], until: Position | None) -> Iterable[StoredEvent]:
        while page := self._page(after, _PAGE, types, until):
            yield from page
            after = page[-1].position

    def _page(
        self, after: Position, limit: int, types: Sequence[str] = (), until: Position | None = None
    ) -> list[StoredEvent]:
        found = self._recorder.select_notifications(after, limit, until, types, inclusive_of_start=False)
        return [_unpacked(notification, notification.id) for notification in found]

    def _read_on(self) -> None:
        for event in self._scan(self._indexed, (), None):
            self._streams[event.stream].append(event.position)
            self._entities[event.tenant, event.entity_id].append(event.position)
            self._event_ids.add(event.event_id)
            self._indexed = event.position


def _packed(event: StoredEvent) -> library.StoredEvent:
    state = _State(
        event.tenant,
        event.entity_id,
        event.event_id,
        event.command_id,
        event.recorded_at,
        event.metadata,
        event.data,
        event.hash,
        event.subject_id,
    )
    return library.StoredEvent(event.stream, event.stream_version, event.type, _encode(state))


def _unpacked(stored: library.StoredEvent, position: int) -> StoredEvent:
    state = _decode(stored.state)
    return StoredEvent(
        Position(position),
        state.tenant,
        StreamName(str(stored.originator_id)),
        stored.originator_version,
        state.entity_id,
        state.event_id,
        state.command_id,
        stored.topic,
        state.recorded_at,
        state.metadata,
        state.data,
        state.hash,
        state.subject_id,
    )
