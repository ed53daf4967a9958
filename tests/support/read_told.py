"""What a history tells of events, without a log."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from event_schemas.codec import decode, seal, subjects_of
from event_schemas.envelope import EMPTY, Origin
from event_schemas.registry import Event
from event_schemas.streams import StreamName, TenantId
from read_api.changes import EntityChanges

AT = datetime(2026, 11, 21, tzinfo=UTC)
ONE = UUID(int=1)


def told(*events: Event, erased: bool = False) -> list[dict[str, tuple[Any, Any]]]:
    """For each event, field -> before and after; ``erased``: the keys of its persons are gone."""
    changes = EntityChanges()
    origin = Origin(
        tenant=TenantId("demo"), actor="a", command_id=ONE, request_digest="", correlation_id=ONE, source="t",
        occurred_at=AT,
    )  # fmt: skip
    stream = StreamName(f"x-demo~{ONE}")
    keys = dict.fromkeys(subjects_of(events, stream), bytes(32))
    sealed = seal(events, stream=stream, head=EMPTY, origin=origin, recorded_at=AT, keys=keys)
    if erased:
        sealed = tuple(msgspec.structs.replace(stored, key=None) for stored in sealed)
    found = [changes.apply(decode(stored)) for stored in sealed]
    return [{change.field: (change.before, change.after) for change in each} for each in found]
