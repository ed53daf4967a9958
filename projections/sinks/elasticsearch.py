"""Writes entries to Elasticsearch. It shares no transaction with the watermarks, which move afterwards.

So it takes only what may be said twice: whole entries with the version of their stream. What is gone stays as an entry
that says so, since the server forgets the versions of what it deletes.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, Final

import msgspec
from elasticsearch import ApiError, AsyncElasticsearch

from event_schemas.streams import START, Position, StreamName
from event_schemas.topics import LOG, Lane
from projections.changes import VersionedChange, VersionedDelete, VersionedPut
from projections.documents.document import Document
from projections.documents.registry import kind_of
from projections.errors import Refused, SinkLost, SinkUnavailable
from projections.projecting import Projected, Ref
from projections.sinks.elasticsearch_calls import (
    GONE,
    Item,
    Newest,
    Operations,
    entry_id,
    items_of,
    newest,
    requests,
    stale,
    versioned,
)
from projections.sinks.elasticsearch_index import Index, translated
from projections.sinks.elasticsearch_notes import ROUTING, Notes, note_id

_MOST_BORN: Final = 500_000
_TOO_LARGE: Final = 413
_TOLD: Final = "items.*.status,items.*.error.type,items.*.error.reason,items.*._seq_no,items.*._primary_term"


class ElasticsearchSink:
    """Entries ``tenant/kind/id`` with their folded documents, and notes of how far they are, all in one index.

    A lost index has thus lost its notes too. ``refresh``: entries are searched as soon as they are written, not only
    when the server next looks.
    """

    def __init__(self, *, client: AsyncElasticsearch, index: Index, refresh: bool = False) -> None:
        self._client = client
        self._index = index
        self._refresh = refresh
        self._notes = Notes()
        self._born: dict[str, Position] = {}
        self.stale = 0
        """Entries that were there in a newer version already."""

    async def held(self, lanes: Collection[Lane]) -> Mapping[Lane, Position]:
        """The positions that the store says it has reached; less than the watermark where it has lost entries."""
        await self._index.ensure()
        found = await self._get([(note_id(lane), ROUTING) for lane in {*lanes, LOG}], "reached")
        return self._notes.read(lanes, found)

    async def load(self, wanted: Collection[Ref]) -> dict[Ref, Document]:
        """The stored documents among those wanted. They may be ahead of the watermark."""
        refs = {_id_of(ref): ref for ref in wanted}
        found = await self._get([(each, ref[0]) for each, ref in refs.items()], "born,document,deleted")
        documents = {}
        for each in found:
            source = each["_source"]
            self._born[each["_id"]] = Position(source["born"])
            if not source["deleted"]:
                ref = refs[each["_id"]]
                documents[ref] = _decoder(ref[1]).decode(source["document"])
        return documents

    async def write(self, done: Projected[VersionedChange], *, until: Mapping[Lane, Position]) -> None:
        """The newest of each entry; raises Refused, SinkUnavailable, and SinkLost when the store was emptied.

        A document that its view has no entry for, since it raised, is not written: entry and document are one.
        """
        await self._learn_births(done.changes)
        *others, last = requests(self._operations(newest(done.changes))) or [[]]
        for lines in others:
            await self._write(lines)
        # in one request with entries, of which some may not be taken: then the note is ahead, as after a crash
        await self._write(last, reached=self._notes.furthest(until))

    async def forget(self, lanes: Collection[Lane]) -> None:
        """Note that these lanes begin again. Their entries stay, and can be found.

        Each is what the first events of its stream have made, and says where the last of them stands: it goes on there.
        Entries that were deleted would leave versions behind, which older ones could not come back over for a while.
        """
        await self._write([], reached=dict.fromkeys(lanes, START))

    async def _learn_births(self, changes: Sequence[VersionedChange]) -> None:
        """Of each entry the position of its first event: its change says so, or the entry that is there."""
        if len(self._born) > _MOST_BORN:
            self._born.clear()
        puts = [change for change in changes if isinstance(change, VersionedPut)]
        self._born |= {entry_id(put.key): Position(put.body["born"]) for put in puts if "born" in put.body}  # type: ignore[arg-type]  # a position
        unknown = {entry_id(put.key): str(put.key[0]) for put in puts if entry_id(put.key) not in self._born}
        found = await self._get(list(unknown.items()), "born")
        self._born |= {each["_id"]: Position(each["_source"]["born"]) for each in found}
        if missing := unknown.keys() - self._born.keys():
            raise SinkLost(f"Elasticsearch has lost what it acknowledged: {len(missing)} entries, {min(missing)} first")

    def _operations(self, changes: Sequence[Newest]) -> Iterator[Operations]:
        for each in changes:
            match each.change:
                case VersionedPut(body=row):
                    body = row | {"born": self._born[each.id], "deleted": False}
                case VersionedDelete(key=(tenant, kind, entity)):
                    born = self._born.get(each.id, START)
                    body = {"tenant": tenant, "kind": kind, "id": entity, "born": born, "deleted": True}
                case _:
                    raise ValueError(f"an entry is keyed by tenant, kind and id: {each.change}")
            yield versioned(each.id, each.change, body)

    async def _write(self, lines: Operations, *, reached: Mapping[Lane, Position] = MappingProxyType({})) -> None:
        """Entries, and notes of how far the store is; raises SinkLost when the notes are others than they were."""
        items = await self._bulk([*lines, *self._notes.lines(reached)])
        entries, notes = items[: len(lines) // 2], items[len(lines) // 2 :]
        self._notes.wrote(reached, notes)
        self.stale += stale(entries)
        if stale(notes):
            raise SinkLost(f"Elasticsearch has lost what it acknowledged of {', '.join(map(str, reached))}")

    async def _bulk(self, lines: Operations) -> Sequence[Item]:
        with translated():
            try:
                answer = await self._client.bulk(
                    index=self._index.alias,
                    operations=lines,  # type: ignore[arg-type]  # lines that are bytes are sent as they are
                    require_alias=True,
                    refresh=self._refresh,
                    filter_path=_TOLD,
                )
            except ApiError as error:
                if error.status_code != _TOO_LARGE:
                    raise
                raise Refused(f"more than Elasticsearch takes at once: {error}") from error
        return items_of(answer.body)

    async def _get(self, wanted: Sequence[tuple[str, str]], fields: str) -> list[Any]:
        """Of entries by id and routing those that are there, newest form; raises SinkLost, SinkUnavailable."""
        if not wanted:
            return []
        docs = [{"_id": each, "routing": routing} for each, routing in wanted]
        with translated():
            answer = await self._client.mget(index=self._index.alias, docs=docs, source_includes=fields)
        if failed := [each["error"] for each in answer["docs"] if "error" in each]:
            told = f"Elasticsearch: {failed[0]['type']}: {failed[0].get('reason', '')}"
            raise SinkLost(told) if failed[0]["type"] == GONE else SinkUnavailable(told)
        return [each for each in answer["docs"] if each["found"]]


def _id_of(ref: Ref) -> str:
    tenant, stream, entity = ref
    kind = kind_of(stream)
    if kind is None:
        raise LookupError(f"{stream} holds nothing that is shown")
    return entry_id((tenant, kind.name, entity))


def _decoder(stream: StreamName) -> msgspec.json.Decoder[Document]:
    kind = kind_of(stream)
    if kind is None:
        raise LookupError(f"{stream} holds nothing that is shown")
    return _decoder_of(kind.document)


@cache
def _decoder_of(cls: type[Document]) -> msgspec.json.Decoder[Document]:
    return msgspec.json.Decoder(cls)
