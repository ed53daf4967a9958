"""Writes entries to Redis or Valkey. It shares no transaction with the watermark, which moves afterwards.

So it takes only what may be said twice: entries and memberships that a version guards, and members that a position
names.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from event_schemas.streams import START, Position
from event_schemas.topics import Lane
from projections.changes import OrderedPut, VersionedChange
from projections.documents.document import Document
from projections.errors import SinkLost, SinkUnavailable
from projections.projecting import Projected, Ref
from projections.sinks.documents import Documents
from projections.sinks.redis_calls import FEED_CAP, Call, Script, call_of, ordered_call

_CHUNK: Final = 1_000


class RedisSink:
    """What one view group keeps there.

    - hashes ``<table>:<key>`` of ``version`` and ``body``; no body is a tombstone;
    - ordered sets ``<table>:{<tenant>}:<name>``, of which the newest members are kept, at least ``feed_cap`` of them;
    - sets ``<table>:{<tenant>}:set:<name>``, and for each of their members a hash ``<table>:{<tenant>}:of:<id>``.
    """

    def __init__(
        self, *, client: Redis, group: str, documents: Documents, views: str = "", feed_cap: int = FEED_CAP
    ) -> None:
        """``views`` names the group's views: a store that was filled before one of them was there begins again."""
        self._client = client
        self._documents = documents
        self._note = f"view_group:{group}"
        self._views = views
        self._cap = feed_cap
        self._held: dict[Lane, Position] = {}
        self._scripts = {script: client.register_script(_source(script)) for script in Script}
        self._begin = client.register_script(_source("begin.lua"))
        self._hold = client.register_script(_source("held.lua"))

    async def held(self, lanes: Collection[Lane]) -> Mapping[Lane, Position]:
        """The positions that the store says it has reached; less than the watermark where it has lost entries."""
        asked = list(lanes)
        with _translated():
            answer = await self._begin([self._note], [self._views, *map(str, asked)])
        self._held |= {lane: Position(int(held)) for lane, held in zip(asked, answer, strict=True)}
        return self._held

    async def load(self, wanted: Collection[Ref]) -> dict[Ref, Document]:
        """The stored documents among those wanted."""
        return await self._documents.load(wanted)

    async def write(self, done: Projected[VersionedChange], *, until: Mapping[Lane, Position]) -> None:
        """The newest of each entry; raises SinkUnavailable, and SinkLost when the store was emptied."""
        calls = list(self._calls(done.changes))
        noted = [word for lane, new in until.items() for word in (str(lane), self._held.get(lane, START), new)]
        with _translated():
            for start in range(0, len(calls), _CHUNK):
                await self._run(calls[start : start + _CHUNK])
            kept = await self._hold([self._note], noted)
        if not kept:
            raise SinkLost(f"Redis has lost what it acknowledged of {', '.join(map(str, until))}")
        await self._documents.save(done.documents)
        self._held |= until

    async def forget(self, lanes: Collection[Lane]) -> None:
        """Drop the documents of these lanes."""
        await self._documents.forget(lanes)

    def _calls(self, changes: Sequence[VersionedChange]) -> Iterator[Call]:
        yield from (call_of(change) for change in _newest(changes))
        for members in _by_set(changes).values():
            for start in range(0, len(members), _CHUNK):
                yield ordered_call(members[start : start + _CHUNK], self._cap)

    async def _run(self, calls: Iterable[Call]) -> None:
        """Many calls in one round trip; the pipeline loads the scripts when the server does not know them."""
        async with self._client.pipeline(transaction=False) as pipeline:  # gives its connection back, come what may
            for script, key, arguments in calls:
                await self._scripts[script]([key], arguments, client=pipeline)
            await pipeline.execute()


def _newest(changes: Sequence[VersionedChange]) -> Iterable[VersionedChange]:
    """At most one change of each entry; their versions only grow."""
    single = (change for change in changes if not isinstance(change, OrderedPut))
    return {(change.table, change.key): change for change in single}.values()


def _by_set(changes: Sequence[VersionedChange]) -> Mapping[Any, list[OrderedPut]]:
    sets: dict[Any, list[OrderedPut]] = defaultdict(list)
    for change in changes:
        if isinstance(change, OrderedPut):
            sets[change.table, change.key].append(change)
    return sets


@cache
def _source(name: str) -> str:
    return files("projections.sinks").joinpath(name).read_text(encoding="utf-8")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise SinkUnavailable(f"Redis: {type(error).__name__}: {error}") from error
