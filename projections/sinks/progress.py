"""How far a view group is: its watermark, its documents and its dead letters, all rows of one PostgreSQL."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache

import asyncpg
import msgspec

from event_schemas.streams import START, Position, StreamName, TenantId
from projections.documents.document import Document
from projections.documents.registry import kind_of
from projections.errors import WatermarkMoved
from projections.projecting import DeadLetter, Parked, Ref
from projections.sinks.connection import Connection, translated
from projections.sinks.statements import statements

_encode = msgspec.json.Encoder().encode


class Progress:
    """The rows of one view group, over one connection that nobody else uses."""

    def __init__(self, *, group: str, connection: Connection) -> None:
        self._group = group
        self._connection = connection
        self._sql = statements("progress.sql")

    async def watermark(self) -> Position:
        """The position up to which the group has seen everything."""
        with translated():
            await self._connection.execute(self._sql["begin"], self._group)
            return Position(await self._connection.fetchval(self._sql["watermark"], self._group))

    @asynccontextmanager
    async def moving(self, old: Position, new: Position) -> AsyncIterator[None]:
        """A transaction that moves the watermark, first of all: WatermarkMoved when it is not where it was left."""
        with translated():
            async with self._connection.transaction():
                moved = await self._connection.execute(self._sql["move"], self._group, old, new)
                if moved != "UPDATE 1":
                    raise WatermarkMoved(f"{self._group}: somebody else has moved the watermark from {old}")
                yield

    async def documents(self, wanted: Collection[Ref]) -> dict[Ref, Document]:
        """The stored documents among those wanted."""
        if not wanted:
            return {}
        _, streams, entities = zip(*wanted, strict=True)
        rows = await self._connection.fetch(self._sql["documents"], self._group, streams, entities)
        return dict(_document(row) for row in rows)

    async def parked(self, streams: Collection[StreamName]) -> frozenset[Parked]:
        """Which views have stopped at which of these streams."""
        rows = await self._connection.fetch(self._sql["parked"], self._group, list(streams))
        return frozenset((row["view"], row["stream"]) for row in rows)

    async def parked_count(self) -> int:
        """How many events wait for a person."""
        with translated():
            return int(await self._connection.fetchval(self._sql["parked_count"], self._group))

    async def save(self, documents: Mapping[Ref, Document], letters: Sequence[DeadLetter]) -> None:
        """Keep what the next batch begins with, and what was parked; inside ``moving``."""
        if documents:
            rows = [(*ref, _encode(document), document.position) for ref, document in documents.items()]
            await self._connection.execute(self._sql["save_documents"], self._group, *zip(*rows, strict=True))
        if letters:
            parked = [msgspec.structs.astuple(letter) for letter in letters]
            await self._connection.execute(self._sql["park"], self._group, *zip(*parked, strict=True))

    async def begin_again(self, old: Position) -> None:
        """Forget documents and dead letters: the group will see the log from its start."""
        async with self.moving(old, START):
            await self._connection.execute(self._sql["forget_documents"], self._group)
            await self._connection.execute(self._sql["forget_parked"], self._group)


def _document(row: asyncpg.Record) -> tuple[Ref, Document]:
    stream = StreamName(row["stream"])
    kind = kind_of(stream)
    if kind is None:
        raise LookupError(f"a document of {stream} is stored, but nothing shows this kind of stream")
    return (TenantId(row["tenant"]), stream, row["entity_id"]), _decoder(kind.document).decode(row["body"])


@cache
def _decoder(cls: type[Document]) -> msgspec.json.Decoder[Document]:
    return msgspec.json.Decoder(cls)
