"""The log of the protocol double: what an EventStoreDB / KurrentDB server keeps, and by which rules it takes appends.

A double: it keeps everything in memory and knows no disk, no replication and no speed.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

NO_STREAM = -1
ANY = -2
EXISTS = -4
"""As the server numbers what an append may expect instead of a revision."""
DELETED = 2**63 - 1
"""The ``$tb`` of a stream that was deleted, and the revision of a tombstone."""
MAX_APPEND = 1024 * 1024
LINK = "$>"


class WrongExpectedVersion(Exception):
    """The stream is at another revision (NO_STREAM: there is none)."""

    def __init__(self, current: int) -> None:
        super().__init__(current)
        self.current = current


class StreamDeleted(Exception):
    """The stream has a tombstone: nothing may be read from it or appended to it, ever."""


class StreamNotFound(Exception):
    """There is nothing in the stream."""


class AppendTooLarge(Exception):
    """More than MAX_APPEND in one append."""


class InvalidPosition(Exception):
    """No record begins at this position."""


@dataclass(frozen=True)
class Proposed:
    """An event as a client sends it."""

    id: UUID
    type: str
    content_type: str
    metadata: bytes
    data: bytes


@dataclass(frozen=True)
class Record:
    """An event as the log keeps it."""

    position: int
    stream: str
    revision: int
    event: Proposed
    created: datetime


@dataclass
class DoubleLog:
    """All records, in the order in which they were committed; survives the servers that show it."""

    records: list[Record] = field(default_factory=list)
    streams: dict[str, list[Record]] = field(default_factory=dict)
    tombstones: set[str] = field(default_factory=set)
    links: bool = True
    """Whether the projections run that link every event into $ce-<category> and $et-<type>."""
    end: int = 0

    def __post_init__(self) -> None:
        # a new server has records of its own before anybody's first event
        for stream in ("$epoch-information", "$stats-0.0.0.0:2113"):
            self._write(stream, [_system_event("$system", b"{}")])

    def append(self, stream: str, expected: int, events: Sequence[Proposed]) -> Record:
        """All or none; the last record, which may be an earlier one where ids repeat where they already are."""
        if stream in self.tombstones:
            raise StreamDeleted(stream)
        if sum(len(event.data) + len(event.metadata) for event in events) > MAX_APPEND:
            raise AppendTooLarge
        ids = [event.id for event in events]
        if (repeated := self._repeated(stream, expected, ids)) is not None:
            return repeated
        written = self._write(stream, events)
        if self.links:
            self._link(written)
        return written[-1]

    def delete(self, stream: str, expected: int) -> None:
        """Hide what is in the stream; an append brings it back to life, with the revision after the last one."""
        self._expect(stream, expected)
        metadata = self.metadata(stream) | {"$tb": DELETED}
        self._write(f"$${stream}", [_system_event("$metadata", json.dumps(metadata).encode())])

    def tombstone(self, stream: str, expected: int) -> None:
        """End the stream for ever."""
        self._expect(stream, expected)
        self.tombstones.add(stream)

    def read_stream(self, stream: str) -> list[Record]:
        """What is to be seen of a stream: not what $maxCount, $maxAge and $tb (truncate before) hide."""
        if stream in self.tombstones:
            raise StreamDeleted(stream)
        records = self.streams.get(stream, [])
        metadata = self.metadata(stream)
        if "$maxCount" in metadata:
            records = records[-metadata["$maxCount"] :]
        if "$maxAge" in metadata:
            oldest = datetime.now(UTC) - timedelta(seconds=metadata["$maxAge"])
            records = [record for record in records if record.created >= oldest]
        records = [record for record in records if record.revision >= metadata.get("$tb", 0)]
        if not records:
            raise StreamNotFound(stream)
        return records

    def read_all(self, position: int | None, *, backwards: bool = False) -> Iterator[Record]:
        """From a position, which is among what is read, or from an end; live: what is appended meanwhile comes too.

        Hidden records are still there, as they are until a server scavenges.
        """
        if backwards:
            index = len(self.records) if position is None else self._index(position) + 1
            yield from reversed(self.records[:index])
            return
        index = 0 if position is None else self._index(position)
        while index < len(self.records):
            yield self.records[index]
            index += 1

    def metadata(self, stream: str) -> dict[str, int]:
        """What the stream's last metadata event says."""
        found = self.streams.get(f"$${stream}")
        metadata: dict[str, int] = json.loads(found[-1].event.data) if found else {}
        return metadata

    def revision(self, stream: str) -> int:
        """Of the stream's last event; NO_STREAM when there is none."""
        records = self.streams.get(stream)
        return records[-1].revision if records else NO_STREAM

    def resolved(self, record: Record) -> Record | None:
        """The event that a link names; None when it cannot be seen any more."""
        revision, _, stream = record.event.data.decode().partition("@")
        try:
            return next(found for found in self.read_stream(stream) if found.revision == int(revision))
        except (StreamNotFound, StreamDeleted, StopIteration):
            return None

    def _index(self, position: int) -> int:
        for index, record in enumerate(self.records):
            if record.position == position:
                return index
        raise InvalidPosition(position)

    def _expect(self, stream: str, expected: int) -> None:
        if stream in self.tombstones:
            raise StreamDeleted(stream)
        current = self.revision(stream)
        if expected != ANY and not (current >= 0 if expected == EXISTS else current == expected):
            raise WrongExpectedVersion(current)

    def _repeated(self, stream: str, expected: int, ids: Sequence[UUID]) -> Record | None:
        """The last record of an append that repeats one; None for a new one. Raises WrongExpectedVersion."""
        current, known = self.revision(stream), self.streams.get(stream, [])
        is_deleted = self.metadata(stream).get("$tb") == DELETED
        if expected == EXISTS and (current == NO_STREAM or is_deleted):
            raise WrongExpectedVersion(current)
        if expected in (ANY, EXISTS):
            return self._repeated_anywhere(known, current, ids)
        if expected == current or (expected == NO_STREAM and is_deleted):
            return None
        at_place = known[expected + 1 : expected + 1 + len(ids)]
        if expected > current or [record.event.id for record in at_place] != list(ids):
            raise WrongExpectedVersion(current)  # also for a batch of which one half is there
        return at_place[-1]

    def _repeated_anywhere(self, known: Sequence[Record], current: int, ids: Sequence[UUID]) -> Record | None:
        """Without a revision, the ids are looked for wherever they were committed recently in this stream."""
        found = {record.event.id: record for record in known}
        if ids[0] not in found:
            return None
        if not all(id in found for id in ids):
            raise WrongExpectedVersion(current)
        return found[ids[-1]]

    def _write(self, stream: str, events: Sequence[Proposed]) -> list[Record]:
        known, now = self.streams.setdefault(stream, []), datetime.now(UTC)
        written = []
        for event in events:
            # a position is where the record begins in the log: as sparse as records are long
            self.end += 90 + len(stream) + len(event.type)
            record = Record(self.end, stream, self.revision(stream) + 1, event, now)
            self.end += len(event.data) + len(event.metadata)
            known.append(record)
            self.records.append(record)
            written.append(record)
        return written

    def _link(self, written: Sequence[Record]) -> None:
        for record in written:
            if not record.stream.startswith("$"):
                link = Proposed(uuid4(), LINK, "", b"", f"{record.revision}@{record.stream}".encode())
                self._write(f"$ce-{record.stream.partition('-')[0]}", [link])
                self._write(f"$et-{record.event.type}", [link])


def _system_event(type: str, data: bytes) -> Proposed:
    return Proposed(uuid4(), type, "application/json", b"", data)
