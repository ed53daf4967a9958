"""What a view asks of its store.

Put, Patch, Increment and Delete are for a store that commits rows and watermark together. One that cannot takes
versioned changes only, so that a repeat is harmless; an increment cannot be said to it.
"""

from datetime import UTC, date, datetime
from uuid import UUID

import msgspec

Value = str | int | UUID | date | None
"""What a column holds: str (JSON too, as text), int, bool, UUID, date, aware datetime, or nothing."""

Row = dict[str, Value]
"""Values by the names of their columns."""

Key = tuple[Value, ...]
"""The values of a table's primary key, in its order."""

FOREVER = datetime.max.replace(tzinfo=UTC)
"""The end of what has not ended: a store's infinity (of PostgreSQL it is; asyncpg says so)."""

LAST_POSITION = 2**63 - 1
"""After every position of the log."""


class Put(msgspec.Struct, frozen=True, gc=False):
    """The row under the key is this one now, whatever was there; ``row`` names every column of the table."""

    table: str
    key: Key
    row: Row


class Patch(msgspec.Struct, frozen=True, gc=False):
    """These columns of the row under the key change; no row, no change."""

    table: str
    key: Key
    fields: Row


class Increment(msgspec.Struct, frozen=True, gc=False):
    """Add to these columns of the row under the key, which begins with nothing."""

    table: str
    key: Key
    fields: dict[str, int]


class Delete(msgspec.Struct, frozen=True, gc=False):
    """No row is under the key now."""

    table: str
    key: Key


Change = Put | Patch | Increment | Delete
"""For the store whose transaction holds the watermark too."""


class VersionedPut(msgspec.Struct, frozen=True, gc=False):
    """The entry under the key is this one, unless the store has the same or a newer version of it."""

    table: str
    key: Key
    version: int
    body: Row


class VersionedDelete(msgspec.Struct, frozen=True, gc=False):
    """The entry under the key is gone; the store keeps the version, so that no older put brings it back."""

    table: str
    key: Key
    version: int


class OrderedPut(msgspec.Struct, frozen=True, gc=False):
    """The ordered set under the key has this member at a position of the log; a repeat replaces it by itself."""

    table: str
    key: Key
    position: int
    body: bytes


class Membership(msgspec.Struct, frozen=True, gc=False):
    """The entity under the key is in exactly these sets, unless the store has the same or a newer version of it."""

    table: str
    key: Key
    """Tenant and entity."""
    version: int
    sets: dict[str, int]
    """Names of the sets, each with the entity's rank in it."""


VersionedChange = VersionedPut | VersionedDelete | OrderedPut | Membership
"""For a store that shares no transaction with the watermark: said twice, or late, it says nothing new."""
