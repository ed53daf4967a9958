"""Writes versioned entries to Redis or Valkey. It shares no transaction with the watermark, which moves afterwards."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from event_schemas.streams import START, Position
from projections.changes import VersionedChange, VersionedPut
from projections.errors import SinkLost, SinkUnavailable

_encode = msgspec.json.Encoder().encode
_CHUNK: Final = 1_000

Call = tuple[str | bytes | int, ...]
"""A script's one key, then its arguments."""


class RedisSink:
    """The entries of one view group: hashes ``<table>:<key>`` of ``version`` and ``body``; no body is a tombstone."""

    def __init__(self, *, client: Redis, group: str) -> None:
        self._client = client
        self._note = f"view_group:{group}"
        self._held = START
        self._put = client.register_script(_source("versioned.lua"))
        self._hold = client.register_script(_source("held.lua"))

    async def held(self) -> Position:
        """The position that the store says it has reached; less than the watermark when it has lost entries."""
        with _translated():
            pipeline = self._client.pipeline(transaction=False)
            pipeline.hsetnx(self._note, "position", str(START))
            pipeline.hget(self._note, "position")
            _, found = await pipeline.execute()
        self._held = Position(int(found))
        return self._held

    async def write(self, changes: Sequence[VersionedChange], *, until: Position) -> None:
        """The newest version of each entry; raises SinkUnavailable, and SinkLost when the store was emptied."""
        calls = [_call(change) for change in _newest(changes)]
        with _translated():
            for start in range(0, len(calls), _CHUNK):
                await self._run(self._put, calls[start : start + _CHUNK])
            kept = await self._hold([self._note], [str(self._held), str(until)])
        if not kept:
            raise SinkLost(f"Redis has lost what it acknowledged up to position {self._held}")
        self._held = until

    async def _run(self, script: Any, calls: Iterable[Call]) -> None:
        """Many calls in one round trip; the pipeline loads the script when the server does not know it."""
        pipeline = self._client.pipeline(transaction=False)
        for key, *arguments in calls:
            await script([key], arguments, client=pipeline)
        await pipeline.execute()


def _newest(changes: Sequence[VersionedChange]) -> Iterable[VersionedChange]:
    """At most one change of each entry; their versions only grow."""
    return {(change.table, change.key): change for change in changes}.values()


def _call(change: VersionedChange) -> Call:
    entry = f"{change.table}:{':'.join(str(part) for part in change.key)}"
    version = str(change.version)
    return (entry, version, _encode(change.body)) if isinstance(change, VersionedPut) else (entry, version)


@cache
def _source(name: str) -> str:
    return files("projections.sinks").joinpath(name).read_text(encoding="utf-8")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise SinkUnavailable(f"Redis: {type(error).__name__}: {error}") from error
