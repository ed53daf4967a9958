"""Imports in the test's own process: a file and a mapping as text, on any store."""

import csv
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from event_schemas.codec import decode
from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from event_schemas.streams import START, TenantId
from tests.support.secrets import MASTER
from write_side.adapters.bulk import BulkEventStore
from write_side.application.ports import EventStore
from write_side.bootstrap import beginnings as beginnings_of
from write_side.bootstrap import transactor
from write_side.entrypoints.importing import batches
from write_side.entrypoints.importing.faults import BadRow
from write_side.entrypoints.importing.importer import Importer
from write_side.entrypoints.importing.kinds import KINDS
from write_side.entrypoints.importing.mapping import Part, parse
from write_side.entrypoints.importing.progress import Summary
from write_side.entrypoints.importing.sending import Target, Transact
from write_side.entrypoints.importing.source import Source
from write_side.entrypoints.importing.undo import Undone, undo

TENANT = TenantId("demo")


@dataclass
class Reasons:
    """Rejected rows, kept in memory."""

    rows: dict[int, BadRow] = field(default_factory=dict)

    def clear(self) -> None:
        """None yet."""
        self.rows.clear()

    def add(self, row: int, reason: BadRow) -> None:
        """One more."""
        assert row not in self.rows, "a row is rejected once"
        self.rows[row] = reason

    @property
    def codes(self) -> dict[int, tuple[str, str]]:
        """Row -> code and field."""
        return {row: (reason.code, reason.field) for row, reason in sorted(self.rows.items())}


class Imports:
    """Runs imports on a store and tells what it holds afterwards."""

    def __init__(self, store: EventStore, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self.reasons = Reasons()
        self.transact: Transact = transactor(store=store, master_secret=MASTER).transact
        self.beginnings = (
            beginnings_of(store=store, master_secret=MASTER) if isinstance(store, BulkEventStore) else None
        )

    def file(self, lines: str | Sequence[Sequence[Any]], name: str = "leads.csv") -> Path:
        """A file of that text, or of these rows."""
        path = self.folder / name
        if isinstance(lines, str):
            path.write_text(lines)
        else:
            with path.open("w", newline="") as out:
                csv.writer(out).writerows(lines)
        return path

    async def run(
        self, path: Path, mapping: str, *, again: bool = False, as_of: Part | None = None, **options: Any
    ) -> Summary:
        """Import a file as `crm import` does."""
        importer = await self.importer(path, mapping, again=again, as_of=as_of, **options)
        with closing(importer):
            return await importer.run()

    async def importer(
        self,
        path: Path,
        mapping: str,
        *,
        again: bool = False,
        as_of: Part | None = None,
        transact: Transact | None = None,
        is_fresh: bool = False,
        **options: Any,
    ) -> Importer:
        """What imports the file."""
        read = parse(mapping.encode())
        assert read.kind is not None
        batch = await batches.find(self.store, TENANT, batches.digest_of(path, read, read.kind, as_of), again=again)
        # what stands in for ``transact`` is to see every command
        beginnings = self.beginnings if transact is None else None
        target = Target(TENANT, batch.id, transact or self.transact, self.store, beginnings, is_fresh)
        source = Source(path, read, KINDS[read.kind], as_of)
        given: dict[str, Any] = {"rejected": self.reasons, "progress": _unseen, **options}
        return Importer(source, target, **given)

    async def batch(self, path: Path, mapping: str) -> str:
        """Which batch the file would be."""
        with closing(await self.importer(path, mapping)) as importer:
            return importer.summary.batch

    async def undo(self, summary: Summary) -> Undone:
        """Undo the batch."""
        return await undo(UUID(summary.batch), tenant=TENANT, log=self.store, transact=self.transact)

    async def recorded(self, *types: str) -> list[Recorded[Event]]:
        """Events of these types, or all, in the order of the log."""
        stored = await self.store.read_all(after=START, limit=1_000_000)
        return [decode(event) for event in stored if event.type in types or not types]

    async def events(self, *types: str) -> list[Any]:
        """Their facts."""
        return [one.event for one in await self.recorded(*types)]


def _unseen(_summary: Summary, _fraction: float | None) -> None:
    """Nobody watches."""
