"""What a load was told, and whether the log says so too."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from event_schemas.envelope import StoredEvent
from event_schemas.streams import Position, TenantId, command_id
from event_schemas.token import decode_token

KINDS = {"logActivity": "activity", "captureLead": "lead", "openDeal": "deal", "changeDealAmount": "deal"}


class Acknowledged(msgspec.Struct, frozen=True):
    """One command that has had its answer."""

    key: str
    command: str
    id: str
    token: str | None = None
    refused: list[Any] = []


class Judged(msgspec.Struct, frozen=True):
    """What became of all of them."""

    acknowledged: int
    refused: list[Acknowledged]
    lost: list[Acknowledged]
    doubled: list[Acknowledged]


def judged(ledger: Path, events: Sequence[StoredEvent]) -> Judged:
    """Each acknowledged command is in the log where its token says, once."""
    by_command = Counter(stored.command_id for stored in events)
    by_position = {stored.position: stored for stored in events}
    entries = list(_entries(ledger))
    taken = [entry for entry in entries if not entry.refused]
    lost = [entry for entry in taken if not _is_there(entry, by_position)]
    doubled = [entry for entry in taken if by_command[_id_of(entry)] > 1]
    return Judged(len(taken), [entry for entry in entries if entry.refused], lost, doubled)


def _entries(ledger: Path) -> Iterator[Acknowledged]:
    for line in ledger.read_text(encoding="utf-8").splitlines():
        yield msgspec.convert(json.loads(line), Acknowledged)


def _is_there(entry: Acknowledged, by_position: dict[Position, StoredEvent]) -> bool:
    if entry.token is None:
        return False
    written = decode_token(entry.token).written
    found = [by_position.get(position) for _, position in written]
    return bool(found) and all(
        stored is not None and stored.stream == stream and stored.command_id == _id_of(entry)
        for stored, (stream, _) in zip(found, written, strict=True)
    )


def _id_of(entry: Acknowledged) -> UUID:
    return command_id(TenantId("demo"), KINDS[entry.command], entry.id, entry.key)
