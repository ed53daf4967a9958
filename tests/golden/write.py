"""Writes the golden file of every event version that has none; never touches one that is there.

Run ``python -m tests.golden.write`` after raising an event's version or adding an event, and commit what it wrote.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from event_schemas.codec import decode, seal, subjects_of
from event_schemas.envelope import Origin, StoredEvent, StreamHead
from event_schemas.registry import Event, EventType, of_class
from event_schemas.streams import TenantId, stream_name
from tests.golden.examples import EXAMPLES
from tests.golden.ids import some

FOLDER: Final = Path(__file__).parent
CATEGORIES: Final = {"account.parent_set": "account_hierarchy", "command.accepted": "deal"}
"""Categories of streams that the events' names do not tell."""
IDS: Final = {"account_hierarchy": "accounts", "email": "ab" * 32}
"""Ids of streams that are none of an entity."""
KEY: Final = bytes(range(32))
"""Seals what is personal in these examples, whoever the person is."""


def sealed(fact: Event) -> StoredEvent:
    """An example as the second event of its stream, from a command that has a cause."""
    entry = of_class(type(fact))
    category = CATEGORIES.get(entry.name, entry.name.partition(".")[0])
    entity = IDS.get(category, str(some(entry.name)))
    origin = Origin(
        tenant=TenantId("demo"),
        actor=str(some("Ada")),
        command_id=some(f"command of {entry.name}"),
        request_digest="5e" * 32,
        correlation_id=some("correlation"),
        causation_id=some("cause"),
        source="api",
        occurred_at=datetime(2017, 6, 30, tzinfo=UTC),
    )
    stream = stream_name(category, TenantId("demo"), entity)
    (stored,) = seal(
        [fact],
        stream=stream,
        head=StreamHead(1, b"\x11" * 32),
        origin=origin,
        recorded_at=datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC),
        keys=dict.fromkeys(subjects_of([fact], stream), KEY),
    )
    return stored


def golden(stored: StoredEvent, entry: EventType) -> dict[str, Any]:
    """What a golden file holds: the stored texts, and what they meant when the file was written."""
    recorded = decode(stored)
    return {
        "metadata": stored.metadata.decode(),
        "data": stored.data.decode(),
        "hash": stored.hash.hex(),
        "entity": str(recorded.entity_id),
        "decoded": {"version": entry.version, "payload": msgspec.to_builtins(recorded.event)},
    }


def main() -> None:
    """Write what is missing."""
    for fact in EXAMPLES:
        entry = of_class(type(fact))
        path = FOLDER / f"{entry.name}.v{entry.version}.json"
        if not path.exists():
            content = msgspec.json.encode(golden(sealed(fact), entry))
            path.write_bytes(msgspec.json.format(content, indent=2) + b"\n")


if __name__ == "__main__":
    main()
