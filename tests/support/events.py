"""Stored events for tests: sealed as the appender seals them, in a log of which the test says what is in it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

import asyncpg
import msgspec

from event_schemas.codec import decode, seal, subjects_of
from event_schemas.envelope import EMPTY, Origin, Recorded, StoredEvent, StreamHead
from event_schemas.registry import Event
from event_schemas.streams import Position, StreamName, TenantId, stream_name
from tests.support.secrets import key_of, salt_of

DEMO: Final = TenantId("demo")
NOON: Final = datetime(2017, 6, 30, 12, tzinfo=UTC)
_IDS: Final = UUID("0c5f4f0e-6f0c-4f59-9c2e-3f5a2c7f6c11")


def some_id(name: object) -> UUID:
    """The same name gives the same id."""
    return uuid5(_IDS, str(name))


class Log:
    """A log in memory. Each ``append`` is one command, a minute after the one before, by both clocks."""

    def __init__(self, tenant: TenantId = DEMO, *, after: int = 0) -> None:
        self.tenant = tenant
        self.events: list[StoredEvent] = []
        self._after = after
        self._heads: dict[StreamName, StreamHead] = {}

    def append(
        self, category: str, entity: UUID | str, *events: Event, occurred_at: datetime | None = None
    ) -> Sequence[StoredEvent]:
        """One command's events, at the end of their stream and of the log."""
        stream = stream_name(category, self.tenant, entity)
        head = self._heads.get(stream, EMPTY)
        now = NOON + timedelta(minutes=len(self.events))
        keys = {subject: key_of(self.tenant, subject) for subject in subjects_of(events, stream)}
        origin = self._origin(occurred_at or now)
        sealed = seal(events, stream=stream, head=head, origin=origin, recorded_at=now, keys=keys)
        self._heads[stream] = StreamHead(sealed[-1].stream_version, sealed[-1].hash)
        first = self._after + len(self.events) + 1
        placed = [
            msgspec.structs.replace(one, position=Position(place)) for place, one in enumerate(sealed, start=first)
        ]
        self.events += placed
        return placed

    def _origin(self, occurred_at: datetime) -> Origin:
        command = some_id(f"command {self._after + len(self.events)}")
        return Origin(
            tenant=self.tenant,
            actor="ada",
            command_id=command,
            request_digest="",
            correlation_id=command,
            source="test",
            occurred_at=occurred_at,
        )


def recorded(
    event: Event,
    *,
    category: str = "deal",
    entity: UUID | str | None = None,
    position: int = 1,
    version: int = 1,
    occurred_at: datetime = NOON,
) -> Recorded[Event]:
    """One decoded event of a stream that is at the given version with it."""
    log = Log(after=position - 1)
    (stored,) = log.append(category, entity or some_id(category), event, occurred_at=occurred_at)
    read = decode(stored)
    return msgspec.structs.replace(read, meta=msgspec.structs.replace(read.meta, stream_version=version))


def by_nul(stored: StoredEvent) -> StoredEvent:
    """The event with an actor whose name can be read, but not be stored by PostgreSQL."""
    metadata = stored.metadata.replace(b'"actor":"ada"', rb'"actor":"a\u0000"')
    return msgspec.structs.replace(stored, metadata=metadata)


async def store(url: str, events: Sequence[StoredEvent]) -> None:
    """Put the events into the tables of the log as they are; their positions follow on what is there."""
    *names, _key = StoredEvent.__struct_fields__
    subjects = {(event.tenant, event.subject_id) for event in events if event.subject_id is not None}
    keys = [(tenant, subject, salt_of(subject)) for tenant, subject in subjects]
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute("alter table log_events no force row level security")  # copying needs that
            rows = [msgspec.structs.astuple(event)[:-1] for event in events]
            await connection.copy_records_to_table("log_events", records=rows, columns=names)
            await connection.execute("alter table log_events force row level security")
            await connection.executemany(
                "insert into subject_keys (tenant, subject_id, salt) values ($1, $2, $3) on conflict do nothing", keys
            )
            await connection.execute("update log_head set position = $1", events[-1].position)
    finally:
        await connection.close()
