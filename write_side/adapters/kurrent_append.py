"""Appending to one stream of EventStoreDB / KurrentDB, and being sure of what was stored.

The server takes a repeat of the same event ids at the same place for success, whatever bytes come with them. So an
append is accepted when its own bytes are found where they belong, and never merely because the server said so: another
call of the same command, sent at the same moment, has the same ids and other bytes.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from event_schemas.codec import UnencodableEvent
from event_schemas.envelope import StoredEvent
from event_schemas.ports import EventLogUnavailable
from event_schemas.streams import Position, StreamName
from write_side.adapters.kurrent_connection import KurrentConnection, no_answer
from write_side.adapters.kurrent_events import is_same, new_event
from write_side.application.ports import EventStoreUnavailable, VersionConflict

APPEND_SECONDS = 10.0
"""How long one call may wait for the server before its answer counts as lost."""


class KurrentAppender:
    """Stores the events of one command, all or none, once, however often they had to be sent."""

    def __init__(self, connection: KurrentConnection) -> None:
        self._connection = connection

    async def append(self, stream: StreamName, expected: int, sealed: Sequence[StoredEvent]) -> Position:
        """Where the last of them is. Raises VersionConflict and EventStoreUnavailable."""
        connection = self._connection
        events = [new_event(connection.library, event) for event in sealed]
        for pause in (*connection.pauses, None):
            generation = connection.generation
            try:
                await self._send(stream, expected, events)
            except connection.library.wrong_version:
                return await self._found(stream, expected, sealed)
            except connection.failures as error:
                _raise_if_final(connection, stream, error)
                if pause is None or connection.closed:
                    raise EventStoreUnavailable(f"{stream}: {no_answer(error)}") from error
                await connection.recover(error, generation=generation, pause=pause)
                # Nobody knows whether it was stored: look before anything is sent again.
                if await self.version(stream) > expected:
                    return await self._found(stream, expected, sealed)
            else:
                return await self._found(stream, expected, sealed)
        raise AssertionError  # the last attempt has no pause

    async def _send(self, stream: StreamName, expected: int, events: Sequence[Any]) -> None:
        connection = self._connection
        await connection.call(
            "append_to_stream",
            stream,
            current_version=expected - 1 if expected else connection.library.no_stream,
            events=events,
            timeout=APPEND_SECONDS,
        )

    async def _found(self, stream: StreamName, expected: int, sealed: Sequence[StoredEvent]) -> Position:
        """The position of our last event, if our bytes are there; somebody else's, or none, are a conflict.

        All or none are stored in one piece, so the last one tells.
        """
        last = sealed[-1]
        records = await self._read(stream, stream_position=last.stream_version - 1, limit=1)
        if records and is_same(records[0], last):
            return Position(records[0].commit_position)
        raise VersionConflict(stream, expected=expected, actual=await self.version(stream))

    async def version(self, stream: StreamName) -> int:
        """The stream's version now; 0 when there is none."""
        records = await self._read(stream, backwards=True, limit=1)
        return records[0].stream_position + 1 if records else 0

    async def _read(self, stream: StreamName, **options: Any) -> list[Any]:
        try:
            return await self._connection.attempt(partial(self._connection.read, "read_stream", stream, **options))
        except self._connection.library.not_found:
            return []
        except EventLogUnavailable as error:
            raise EventStoreUnavailable(f"{stream}: {error}") from error


def _raise_if_final(connection: KurrentConnection, stream: StreamName, error: Exception) -> None:
    if isinstance(error, connection.library.too_large):
        raise UnencodableEvent(f"{stream}: one append may not be that large: {error}") from error
    connection.check(error)
