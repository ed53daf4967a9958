"""Loads of concurrent commands, gathered into one round trip while the one before is under way."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from event_schemas.envelope import StoredEvent
from event_schemas.ports import EventLog
from event_schemas.streams import StreamName

MAX_STREAMS = 500
"""Streams asked for in one round trip."""

Found = Mapping[StreamName, Sequence[StoredEvent]]


class _Asked(NamedTuple):
    after: Mapping[StreamName, int]
    answer: asyncio.Future[Found]


class GatheredLoading:
    """``load_many`` for many callers at once. Each answer is read after its question was asked."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._asked: list[_Asked] = []
        self._task: asyncio.Task[None] | None = None

    async def load_many(self, after: Mapping[StreamName, int]) -> Found:
        """At least the events asked for; older ones too, where another caller asked for those."""
        asked = _Asked(after, asyncio.get_running_loop().create_future())
        self._asked.append(asked)
        if self._task is None:
            self._task = asyncio.create_task(self._drain())
        return await asked.answer

    async def _drain(self) -> None:
        try:
            while self._asked:
                await self._answer(self._take())
        finally:
            self._task = None

    def _take(self) -> list[_Asked]:
        taken, streams = 0, 0
        while taken < len(self._asked) and streams < MAX_STREAMS:
            streams += len(self._asked[taken].after)
            taken += 1
        batch, self._asked = self._asked[:taken], self._asked[taken:]
        return batch

    async def _answer(self, batch: list[_Asked]) -> None:
        after: dict[StreamName, int] = {}
        for asked in batch:
            for stream, version in asked.after.items():
                after[stream] = min(version, after.get(stream, version))
        try:
            found = await self._log.load_many(after)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is the answer to everybody who asked
            for asked in batch:
                if not asked.answer.done():
                    asked.answer.set_exception(error)
            return
        for asked in batch:
            if not asked.answer.done():
                asked.answer.set_result(found)
