"""The table of what the relay has published: readers ask it how far a view is whose lanes have had no event lately."""

from contextlib import AsyncExitStack

from event_schemas.relayed import Relayed
from event_schemas.topics import LOG
from projections.errors import SinkUnavailable
from projections.sinks.connection import Connection, connected, translated
from projections.sinks.statements import statements


class RelayedTable:
    """Over a connection of its own, made when it is needed and anew after an outage. One call at a time."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._sql = statements("relayed.sql")["tell"]
        self._stack = AsyncExitStack()
        self._connection: Connection | None = None

    async def write(self, relayed: Relayed) -> None:
        """All of a checkpoint in one statement, so that nobody sees half of it; raises SinkUnavailable."""
        rows = sorted({LOG: relayed.position, **relayed.lanes}.items())  # in one order everywhere, against deadlocks
        columns = zip(*((*lane, position) for lane, position in rows), strict=True)
        try:
            if self._connection is None:
                self._connection = await self._stack.enter_async_context(connected(self._url))
            with translated():
                await self._connection.execute(self._sql, *columns)
        except SinkUnavailable:
            await self.close()
            raise

    async def close(self) -> None:
        """Give the connection back."""
        self._connection = None
        await self._stack.aclose()
