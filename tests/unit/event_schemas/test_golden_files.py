"""Golden files: every version of every event that was ever written decodes for ever, to what it meant."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from event_schemas.codec import decode, decode_metadata, event_hash, is_chained
from event_schemas.deal import DealLost, LossReason
from event_schemas.envelope import Recorded, StoredEvent, StreamHead
from event_schemas.registry import Event, of_name
from event_schemas.schemas import catalogued
from event_schemas.sealing import seal_fields
from event_schemas.streams import Position
from event_schemas.upcasters import UPCASTERS, upcast
from tests.golden.examples import EXAMPLES
from tests.golden.ids import some
from tests.golden.write import FOLDER, KEY

FILES = sorted(FOLDER.glob("*.json"))


class Golden(msgspec.Struct, forbid_unknown_fields=True):
    """A golden file."""

    metadata: str
    data: str
    hash: str
    entity: str
    decoded: "Decoded"


class Decoded(msgspec.Struct, forbid_unknown_fields=True):
    """What the event meant when its file was written: the payload of the version that was current then."""

    version: int
    payload: dict[str, Any]


def read(path: Path) -> tuple[Golden, StoredEvent]:
    """The file, and its event as a log would keep it."""
    golden = msgspec.json.decode(path.read_bytes(), type=Golden)
    metadata, data = golden.metadata.encode(), golden.data.encode()
    meta = msgspec.json.decode(metadata)
    columns = {
        "position": 7,
        "tenant": meta["tenant"],
        "stream": meta["stream"],
        "stream_version": meta["streamVersion"],
        "entity_id": golden.entity,
        "event_id": meta["eventId"],
        "command_id": meta["commandId"],
        "type": meta["type"],
        "recorded_at": meta["recordedAt"],
        "metadata": b"",
        "data": b"",
        "hash": b"",
        "subject_id": meta["subjectId"],
    }
    stored = msgspec.convert(columns, StoredEvent)
    key = KEY if stored.subject_id is not None else None
    hashed = bytes.fromhex(golden.hash)
    return golden, msgspec.structs.replace(stored, metadata=metadata, data=data, hash=hashed, key=key)


def encoded(recorded: Recorded[Event]) -> bytes:
    """The payload's bytes as they would be stored."""
    data = msgspec.json.encode(recorded.event)
    if recorded.meta.subject_id is None:
        return data
    personal = of_name(recorded.meta.type).personal
    return seal_fields(data, personal, key=KEY, event_id=recorded.meta.event_id)[0]


golden_files = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


@golden_files
def test_it_decodes_to_what_it_meant(path: Path) -> None:
    """The stored event and the meaning that was noted with it come to the same, through every upcaster since."""
    golden, stored = read(path)
    recorded = decode(stored)
    entry = of_name(recorded.meta.type)
    noted = upcast(entry.name, golden.decoded.payload, stored=golden.decoded.version, current=entry.version)
    assert recorded.event == msgspec.convert(noted, entry.cls)
    assert (str(recorded.entity_id), recorded.position) == (golden.entity, Position(7))
    assert path.stem == f"{entry.name}.v{recorded.meta.version}"


@golden_files
def test_its_hash_is_right(path: Path) -> None:
    """The hash of the stored bytes is the one in the file, and continues the head that the examples begin after."""
    golden, stored = read(path)
    assert event_hash(stored.metadata, stored.data).hex() == golden.hash
    assert is_chained(StreamHead(1, b"\x11" * 32), stored)


@golden_files
def test_it_encodes_to_the_same_bytes(path: Path) -> None:
    """Metadata encode to the very bytes; so does the payload, where the version is the current one."""
    _, stored = read(path)
    recorded = decode(stored)
    assert msgspec.json.encode(recorded.meta) == stored.metadata
    if recorded.meta.version == of_name(recorded.meta.type).version:
        assert encoded(recorded) == stored.data


def test_every_version_of_every_event_has_a_file() -> None:
    """Also those that only upcasters still know. To add one: python -m tests.golden.write."""
    current = {(entry.name, entry.version) for entry in catalogued()}
    assert {path.stem for path in FILES} == {f"{name}.v{version}" for name, version in current | set(UPCASTERS)}


def test_every_event_has_one_example() -> None:
    """The writer of golden files knows each event class once."""
    classes = [entry.cls.__name__ for entry in catalogued()]
    assert sorted(type(example).__name__ for example in EXAMPLES) == sorted(classes)


def test_a_reason_in_words_became_a_code_with_detail() -> None:
    """deal.lost v1 had free text: it is kept as detail, under the code ``other``."""
    _, stored = read(FOLDER / "deal.lost.v1.json")
    assert decode_metadata(stored).version == 1
    assert msgspec.json.decode(stored.data) == {"stage_id": str(some("Lost")), "reason": "Too “dear” for them"}
    assert decode(stored).event == DealLost(
        stage_id=some("Lost"), reason=LossReason.OTHER, detail="Too “dear” for them"
    )
