"""The event store in PostgreSQL: dense positions in commit order, group commit."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Self

from event_schemas import codec
from event_schemas.envelope import Origin, StreamHead
from event_schemas.registry import Event
from event_schemas.streams import Position, StreamName
from write_side.adapters.following import POLL_SECONDS
from write_side.adapters.group_commit import Append, GroupCommit
from write_side.adapters.keys import DerivedTenantKeys
from write_side.adapters.postgres_append import PAUSES, PostgresAppender
from write_side.adapters.postgres_log import PostgresEventLog
from write_side.adapters.postgres_session import Pool, Writers, open_pool
from write_side.adapters.subject_keys import PostgresSubjectKeys
from write_side.application.ports import Appended, SubjectErased

APPEND_SECONDS = 10.0
"""How long one call may wait for the log's counter and the disk before its answer counts as lost."""


class PostgresEventStore(PostgresEventLog):
    """``EventStore``: the log as crm_append reads it, and appending over connections of its own."""

    def __init__(
        self,
        *,
        readers: Pool,
        writers: Writers,
        keys: DerivedTenantKeys,
        clock: Callable[[], datetime],
        on_append: Callable[[Position], None] | None = None,
        pauses: Sequence[float] = PAUSES,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        super().__init__(readers, keys, poll_seconds=poll_seconds)
        self._writers = writers
        self._subjects = PostgresSubjectKeys(readers, keys, pauses=pauses)
        self._clock = clock
        self._on_append = on_append
        self._appender = PostgresAppender(writers, on_append=self._appended, pauses=pauses)
        self._appends = GroupCommit(self._appender.send)

    @classmethod
    async def connect(
        cls,
        url: str,
        *,
        secret: bytes,
        role: str = "crm_append",
        connections: int = 4,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        on_append: Callable[[Position], None] | None = None,
        pauses: Sequence[float] = PAUSES,
        poll_seconds: float = POLL_SECONDS,
    ) -> Self:
        """``secret`` is the master secret, for personal data.

        ``on_append`` hears of each new end of the log: another log's ``wake`` so that one follows at once.
        """
        return cls(
            readers=await open_pool(url, role, connections),
            writers=Writers(url, role, statement_seconds=APPEND_SECONDS),
            keys=DerivedTenantKeys(secret),
            clock=clock,
            on_append=on_append,
            pauses=pauses,
            poll_seconds=poll_seconds,
        )

    async def append(
        self, stream: StreamName, events: Sequence[Event], *, expected: StreamHead, origin: Origin
    ) -> Appended:
        keys = codec.NO_KEYS
        if subjects := codec.subjects_of(events, stream):
            keys = await self._subjects.keys(origin.tenant, subjects)
        sealed = codec.seal(events, stream=stream, head=expected, origin=origin, recorded_at=self._clock(), keys=keys)
        waiting = Append(stream, expected.version, sealed)
        self._appends.submit(waiting)
        try:
            position = await waiting
        except SubjectErased:
            self._subjects.forget(origin.tenant, subjects)
            raise
        return Appended(StreamHead(sealed[-1].stream_version, sealed[-1].hash), position)

    async def close(self) -> None:
        """Answer every append that was taken, then give the connections back."""
        await self._appends.close()
        await self._writers.close()
        await super().close()

    def _appended(self, position: Position) -> None:
        self.wake(position)
        if self._on_append is not None:
            self._on_append(position)
