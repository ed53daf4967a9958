"""A batch: one file under one mapping. The same file again is the same batch, and the log knows how far it came."""

import gzip
import hashlib
import zlib
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import msgspec

from event_schemas.batch import BatchFinished
from event_schemas.codec import decode
from event_schemas.ports import EventLog
from event_schemas.streams import TenantId, entity_id, stream_name
from write_side.entrypoints.importing.faults import BadFile
from write_side.entrypoints.importing.mapping import FileMapping, Part
from write_side.entrypoints.importing.tables import GZIP

PIECE = 1_000_000


class Batch(NamedTuple):
    """A batch as the log knows it."""

    id: UUID
    finished: BatchFinished | None


def digest_of(path: Path, mapping: FileMapping, kind: str, as_of: Part | None) -> str:
    """What makes a batch. Raises BadFile for a file that cannot be read, or whose packed content is not what it was."""
    digest = hashlib.sha256(b"eventcrm.import.1\n")
    digest.update(msgspec.json.encode([kind, as_of, len(mapping.text)]) + mapping.text)
    try:
        with path.open("rb") as file:
            is_packed = file.read(2) == GZIP
            file.seek(0)
            while piece := file.read(PIECE):
                digest.update(piece)
        if is_packed:
            _check_packed(path)
    except OSError as error:
        raise BadFile(f"{path}: {error.strerror or error}") from error
    return digest.hexdigest()


def _check_packed(path: Path) -> None:
    """Before anything is imported: what a damaged archive gives out is garbage that may look like rows."""
    try:
        with gzip.open(path, "rb") as content:
            while content.read(PIECE):
                pass
    except EOFError:
        return  # cut off, but sound as far as it goes
    except (zlib.error, gzip.BadGzipFile) as error:
        raise BadFile(f"{path}: the archive is damaged ({error}): nothing was imported") from error


async def find(log: EventLog, tenant: TenantId, digest: str, *, again: bool) -> Batch:
    """The batch of a file: the first; or, again, the first after it that is not finished."""
    run = 1
    while True:
        batch = await state_of(log, tenant, entity_id(tenant, "batch", f"import/{digest}/{run}"))
        if not again or (run > 1 and batch.finished is None):
            return batch
        if run == 1 and batch.finished is None:
            return batch  # there is nothing yet to be done again
        run += 1


async def state_of(log: EventLog, tenant: TenantId, batch: UUID) -> Batch:
    """What the log knows of a batch."""
    for stored in await log.load(stream_name("batch", tenant, batch)):
        if stored.type == "batch.finished" and isinstance(finished := decode(stored).event, BatchFinished):
            return Batch(batch, finished)
    return Batch(batch, None)
