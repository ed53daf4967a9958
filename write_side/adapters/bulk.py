"""Appending for imports: many streams begun in one go."""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from event_schemas import codec
from event_schemas.envelope import EMPTY, StoredEvent, StreamHead
from write_side.adapters.group_commit import MAX_BYTES, Append
from write_side.adapters.keys import SALT_BYTES
from write_side.adapters.postgres import PostgresEventStore
from write_side.application.beginning import Beginning
from write_side.application.ports import EventStoreUnavailable, SubjectErased, SubjectKeys, VersionConflict


class BulkEventStore(PostgresEventStore):
    """The event store, which also begins many streams at once: ``BeginningStore``.

    Whom a stream is about that begins is taken to be as new: events and salts are stored in one call, all or none.
    Where something of them was there before, or personal data of others is in them, they are stored as anybody's
    events are, with one question for all the keys.
    """

    async def begin_many(self, beginnings: Sequence[Beginning]) -> Sequence[bool]:
        if not beginnings:
            return []
        now, tenant = self._clock(), beginnings[0].parts[0][1].tenant
        keys = _NewKeys(lambda salt: self._keys.subject_key(tenant, salt))
        new = [sealed(beginning, now, keys) for beginning in beginnings]
        events = [event for one in new if one is not None for event in one]
        if len(new) > 1 and sum(len(event.metadata) + len(event.data) for event in events) > MAX_BYTES:
            half = len(new) // 2
            return [*await self.begin_many(beginnings[:half]), *await self.begin_many(beginnings[half:])]
        are_own = all(event.subject_id is None or event.subject_id == event.entity_id for event in events)
        if not events or (are_own and await self._appender.begin(events, tenant, keys.salts)):
            return [one is not None for one in new]
        return await self._begin_as_others(beginnings, now)

    async def _begin_as_others(self, beginnings: Sequence[Beginning], now: datetime) -> Sequence[bool]:
        """Same group commit as for everybody; but nobody waits for an answer of their own."""
        try:
            keys = await keys_of(beginnings, self._subjects)
        except SubjectErased:
            return [False] * len(beginnings)
        appends = [self._submitted(beginning, now, keys) for beginning in beginnings]
        answers = [append is not None and await _answer(append) for append in appends]
        if failure := next((one for one in answers if isinstance(one, Exception)), None):
            raise failure
        return [answer is True for answer in answers]

    def _submitted(self, beginning: Beginning, now: datetime, keys: Mapping[UUID, bytes]) -> Append | None:
        """On its way to the log; None for what cannot be encoded."""
        if (events := sealed(beginning, now, keys)) is None:
            return None
        append = Append(beginning.stream, EMPTY.version, events)
        self._appends.submit(append)
        return append


class _NewKeys(dict[UUID, bytes]):
    """Makes the key of a person when it is asked for."""

    def __init__(self, key_of: Callable[[bytes], bytes]) -> None:
        super().__init__()
        self.salts: dict[UUID, bytes] = {}
        self._key_of = key_of

    def __missing__(self, person: UUID) -> bytes:
        self.salts[person] = salt = os.urandom(SALT_BYTES)
        self[person] = key = self._key_of(salt)
        return key


async def keys_of(beginnings: Sequence[Beginning], subjects: SubjectKeys) -> Mapping[UUID, bytes]:
    """The keys that seal all of them; raises SubjectErased."""
    people: set[UUID] = set()
    for beginning in beginnings:
        for events, _ in beginning.parts:
            people |= codec.subjects_of(events, beginning.stream)
    if not people:
        return codec.NO_KEYS
    return await subjects.keys(beginnings[0].parts[0][1].tenant, people)


def sealed(beginning: Beginning, now: datetime, keys: Mapping[UUID, bytes]) -> Sequence[StoredEvent] | None:
    """The events of a stream that begins; None for what cannot be encoded."""
    head, events = EMPTY, list[StoredEvent]()
    try:
        for facts, origin in beginning.parts:
            events += codec.seal(facts, stream=beginning.stream, head=head, origin=origin, recorded_at=now, keys=keys)
            head = StreamHead(events[-1].stream_version, events[-1].hash)
    except codec.UnencodableEvent:
        return None
    return events


async def _answer(append: Append) -> bool | EventStoreUnavailable:
    """Whether it is stored; or why that is not known, when all others were heard."""
    try:
        await append
    except (VersionConflict, SubjectErased):
        return False
    except EventStoreUnavailable as error:
        return error
    return True
