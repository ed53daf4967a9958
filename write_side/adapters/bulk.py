"""Appending for imports: many streams begun in one go."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from event_schemas import codec
from event_schemas.envelope import EMPTY, StoredEvent, StreamHead
from write_side.adapters.group_commit import Append
from write_side.adapters.postgres import PostgresEventStore
from write_side.application.beginning import Beginning
from write_side.application.ports import EventStoreUnavailable, SubjectErased, SubjectKeys, VersionConflict


class BulkEventStore(PostgresEventStore):
    """The event store, which also begins many streams at once: ``BeginningStore``.

    Same sealing, same group commit, same checks as one by one; one question for all the keys, and nobody waits for an
    answer of their own.
    """

    async def begin_many(self, beginnings: Sequence[Beginning]) -> Sequence[bool]:
        try:
            keys = await keys_of(beginnings, self._subjects)
        except SubjectErased:
            return [False] * len(beginnings)
        now = self._clock()
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
