"""Which event ids a stream of EventStoreDB / KurrentDB holds, as far as this process has read it.

The server looks for ids only where an append would collide with them; that no event is stored twice, wherever it is in
its stream, has to be seen to here. What lies below a stream's head never changes, so what was read once stays true.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from uuid import UUID

from event_schemas.envelope import StoredEvent
from event_schemas.streams import StreamName

_STREAMS = 20_000

LoadAfter = Callable[[StreamName, int], Awaitable[Sequence[StoredEvent]]]


class StreamIds:
    """The ids of whole beginnings of streams, the least recently used forgotten first."""

    def __init__(self, load_after: LoadAfter, *, streams: int = _STREAMS) -> None:
        self._load_after = load_after
        self._size = streams
        self._streams: OrderedDict[StreamName, list[UUID]] = OrderedDict()

    async def has_any(self, stream: StreamName, ids: Iterable[UUID], *, until: int) -> bool:
        """Whether one of these ids is among the stream's first ``until`` events."""
        known = self._streams.get(stream, [])
        if len(known) < until:
            self.saw(stream, await self._load_after(stream, len(known)))
        return not frozenset(self._streams.get(stream, [])).isdisjoint(ids)

    def saw(self, stream: StreamName, events: Sequence[StoredEvent]) -> None:
        """What was read of a stream, or stored in it; taken if it goes on from what is known."""
        known = self._streams.setdefault(stream, [])
        for event in events:
            if event.stream_version == len(known) + 1:
                known.append(event.event_id)
        self._streams.move_to_end(stream)
        if len(self._streams) > self._size:
            self._streams.popitem(last=False)
