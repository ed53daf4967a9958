"""Beginning many streams of EventStoreDB / KurrentDB at once, for imports."""

import asyncio
from collections.abc import Sequence

from event_schemas.codec import UnencodableEvent
from event_schemas.envelope import EMPTY, StoredEvent
from write_side.adapters.bulk import keys_of, sealed
from write_side.adapters.kurrentdb import KurrentEventStore
from write_side.application.beginning import Beginning
from write_side.application.ports import SubjectErased, VersionConflict

_AT_ONCE = 32


class KurrentBulkStore(KurrentEventStore):
    """The event store, which also begins many streams at once: ``BeginningStore``.

    One question for all the keys; the server takes one stream an append, so that several are under way together.
    """

    async def begin_many(self, beginnings: Sequence[Beginning]) -> Sequence[bool]:
        try:
            keys = await keys_of(beginnings, self._subjects)
        except SubjectErased:
            return [False] * len(beginnings)
        now, turns = self._clock(), asyncio.Semaphore(_AT_ONCE)

        async def begun(beginning: Beginning) -> bool:
            async with turns:
                events = sealed(beginning, now, keys)
                return events is not None and await self._begin(beginning, events)

        answers = await asyncio.gather(*(begun(beginning) for beginning in beginnings), return_exceptions=True)
        if failure := next((answer for answer in answers if isinstance(answer, BaseException)), None):
            raise failure
        return [answer is True for answer in answers]

    async def _begin(self, beginning: Beginning, events: Sequence[StoredEvent]) -> bool:
        """Whether it is stored; raises EventStoreUnavailable."""
        try:
            await self.append_sealed(beginning.stream, EMPTY.version, events)
        except (VersionConflict, UnencodableEvent):
            return False
        return True
