"""Appending to the log in PostgreSQL: many commands in one call, and what to do when its answer is lost."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from uuid import UUID

import asyncpg
import msgspec

from event_schemas.envelope import EMPTY, StoredEvent
from event_schemas.streams import Position, TenantId
from write_side.adapters.group_commit import Append
from write_side.adapters.postgres_queries import queries
from write_side.adapters.postgres_session import DRIVER_ERRORS, Connection, Writers, is_outage, no_answer
from write_side.application.ports import EventStoreUnavailable, SubjectErased

PAUSES = (0.05, 0.2, 0.5, 1.0, 2.0)
"""Seconds between attempts: a server that was killed is back within them."""

KEY_IS_GONE = "CRM01"
"""``append_events`` says so of personal data that could never be read."""

_fields = msgspec.structs.astuple


class PostgresAppender:
    """Sends calls and settles their appends. Every event is stored once, however often its call had to be sent."""

    def __init__(
        self, writers: Writers, *, on_append: Callable[[Position], None], pauses: Sequence[float] = PAUSES
    ) -> None:
        self._writers = writers
        self._on_append = on_append
        self._pauses = pauses
        self._sql = queries("append")

    async def send(self, appends: Sequence[Append], *, doubtful: bool = False) -> None:
        """Settle all of them: stored, refused, or unavailable after the last attempt.

        They are doubtful when an earlier call may have stored them.
        """
        for pause in (*self._pauses, None):
            try:
                async with self._writers.connection() as connection:
                    return await self._attempt(connection, appends, doubtful=doubtful)
            except DRIVER_ERRORS as error:
                if not is_outage(error):
                    return await self._isolate(appends, error, doubtful=doubtful)
                if pause is None:
                    return _fail(appends, error)
            doubtful = True
            await asyncio.sleep(pause)
        return None

    async def begin(self, events: Sequence[StoredEvent], tenant: TenantId, salts: Mapping[UUID, bytes]) -> bool:
        """Store streams that begin, and the salts of people who are as new, all of one tenant and in one call.

        False: something of it was there before, or cannot be stored, and so nothing is. Raises EventStoreUnavailable.
        """
        arguments = rows_of(events), tenant, list(salts), list(salts.values())
        ids = [event.event_id for event in events]
        doubtful = False
        for pause in (*self._pauses, None):
            try:
                async with self._writers.connection() as connection:
                    return await self._begun(connection, arguments, ids, doubtful=doubtful)
            except DRIVER_ERRORS as error:
                if not is_outage(error):
                    return False
                if pause is None:
                    raise EventStoreUnavailable(no_answer(error)) from error
            doubtful = True
            await asyncio.sleep(pause)
        raise AssertionError  # the last attempt has no pause

    async def _begun(
        self, connection: Connection, arguments: Sequence[object], ids: Sequence[UUID], *, doubtful: bool
    ) -> bool:
        """One call. After a lost answer the log is asked for its events first, and again where it refuses then."""
        if doubtful and await self._are_stored(connection, ids):
            return True
        try:
            position = await connection.fetchval(self._sql["begin"], *arguments)
        except asyncpg.UniqueViolationError:
            return doubtful and await self._are_stored(connection, ids)
        self._on_append(Position(position))
        return True

    async def _are_stored(self, connection: Connection, ids: Sequence[UUID]) -> bool:
        """All of them: some alone are of another who begins the same streams."""
        rows = await connection.fetch(self._sql["stored"], ids)
        if len(rows) < len(ids):
            return False
        self._on_append(Position(max(row["position"] for row in rows)))
        return True

    async def _attempt(self, connection: Connection, appends: Sequence[Append], *, doubtful: bool) -> None:
        """One call. After a lost answer the log is asked for the events first, and again about what it refuses then."""
        if doubtful:
            await self._settle_stored(connection, appends)
            appends = [append for append in appends if not append.settled]
        if refused := await self._call(connection, appends):
            if doubtful:
                await self._settle_stored(connection, [append for append, _ in refused])
            for append, version in refused:
                append.refused(version)

    async def _call(self, connection: Connection, appends: Sequence[Append]) -> list[tuple[Append, int]]:
        """Settle what is accepted; the rest with the version that its stream was found at."""
        if not appends:
            return []
        rows = rows_of(event for append in appends for event in append.events)
        beginning = all(append.expected == EMPTY.version for append in appends)
        personal = any(row[-1] is not None for row in rows)
        try:
            answer = await connection.fetch(self._sql["append"], rows, beginning, personal)
        except asyncpg.UniqueViolationError:  # a stream that was to begin exists; this time it is looked for
            answer = await connection.fetch(self._sql["append"], rows, False, personal)
        ((head, found),) = answer
        position, refused = head, []
        for append, version in zip(appends, found or (None,) * len(appends), strict=True):
            if version is None:
                position += len(append.events)
                append.stored(position)
            else:
                refused.append((append, version))
        if position > head:
            self._on_append(position)
        return refused

    async def _settle_stored(self, connection: Connection, appends: Sequence[Append]) -> None:
        """A command is all or nothing, so its last event tells."""
        last = [append.events[-1].event_id for append in appends]
        rows = await connection.fetch(self._sql["stored"], last)
        found: dict[UUID, Position] = {row["event_id"]: row["position"] for row in rows}
        for append, event_id in zip(appends, last, strict=True):
            if event_id in found:
                append.stored(found[event_id])
        if found:
            self._on_append(max(found.values()))

    async def _isolate(self, appends: Sequence[Append], error: Exception, *, doubtful: bool) -> None:
        """Something in this call cannot be stored at all: nobody else's command may fail for it."""
        if len(appends) == 1:
            appends[0].failed(_named(error, appends[0]))
            return
        for append in appends:
            await self.send([append], doubtful=doubtful)


def _named(error: Exception, append: Append) -> Exception:
    """What the call's error means to the one command in it."""
    people = (event.subject_id for event in append.events if event.subject_id is not None)
    if isinstance(error, asyncpg.PostgresError) and error.sqlstate == KEY_IS_GONE and (subject := next(people, None)):
        named = SubjectErased(subject)
        named.__cause__ = error
        return named
    return error


def _fail(appends: Sequence[Append], cause: Exception) -> None:
    for append in appends:
        error = EventStoreUnavailable(f"{append.stream}: {no_answer(cause)}")
        error.__cause__ = cause
        append.failed(error)


def rows_of(events: Iterable[StoredEvent]) -> list[tuple[object, ...]]:
    """The events as rows of the type ``log_event``: without their position, which the log gives, and their key."""
    return [_fields(event)[1:-1] for event in events]
