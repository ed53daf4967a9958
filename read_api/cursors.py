"""Cursors: opaque text that names a list and its order, a place in it, and the moment at which the list was read.

Below the base64url, fields joined by ``|``: format, list, sort, position, occurred (microseconds, empty for ever),
asked at (microseconds), id, key. The key stands last, since a name may hold anything. SQL prints the same text:
``read_api.compiler.paging``.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from read_api.errors import ApiError, invalid_cursor
from read_api.values import MAX_BIGINT

FORMAT = "1"
MAX_LENGTH = 4_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_INTEGER = re.compile(r"-?[0-9]{1,19}\Z", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.ASCII)


class Cursor(msgspec.Struct, frozen=True):
    """A place in a list, as of a moment."""

    position: int
    occurred: datetime | None
    """None: whatever has occurred."""
    asked_at: datetime
    id: UUID | None
    """None in a list whose key is unique."""
    key: Any
    """Of the sort's type; None for a null."""


def encode(listing: str, sort: str, kind: str, cursor: Cursor) -> str:
    """As text for clients; ``kind`` is the SQL type of the key."""
    occurred = "" if cursor.occurred is None else str(micros(cursor.occurred))
    identity = "" if cursor.id is None else str(cursor.id)
    place = (str(cursor.position), occurred, str(micros(cursor.asked_at)), identity, _print_key(kind, cursor.key))
    return base64.urlsafe_b64encode("|".join((FORMAT, listing, sort, *place)).encode()).decode().rstrip("=")


def decode(listing: str, sort: str, kind: str, text: str, *, nullable: bool = False) -> Cursor:
    """Read a cursor of this list in this order; raises an ApiError (INVALID_CURSOR).

    ``nullable``: the key may be null.
    """
    try:
        tag, its_list, its_sort, *place = _unpacked(text).split("|", 7)
        position, occurred, asked_at, identity, key = place
        if (tag, its_list, its_sort) != (FORMAT, listing, sort):
            raise _refusal()
        return Cursor(
            _integer(position),
            instant(_integer(occurred)) if occurred else None,
            instant(_integer(asked_at)),
            _uuid(identity) if identity else None,
            None if nullable and not key else _READERS[kind](key),
        )
    except (ValueError, OverflowError):
        raise _refusal() from None


def _refusal() -> ApiError:
    return invalid_cursor()


def micros(value: datetime) -> int:
    """Microseconds since 1970, exact."""
    return (value - EPOCH) // _MICROSECOND


def instant(value: int) -> datetime:
    """The instant so many microseconds after 1970; raises OverflowError."""
    return EPOCH + timedelta(microseconds=value)


def _unpacked(text: str) -> str:
    if len(text) > MAX_LENGTH or not text.isascii():
        raise ValueError("no cursor is so long, or holds such characters")
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error
    plain = raw.decode()
    if "\0" in plain:
        raise ValueError("no key holds NUL")
    return plain


def _print_key(kind: str, key: Any) -> str:
    if key is None:
        return ""
    if kind == "timestamptz":
        return str(micros(key))
    return key.isoformat() if kind == "date" else str(key)


def _integer(text: str) -> int:
    if _INTEGER.match(text) is None or abs(int(text)) > MAX_BIGINT:
        raise ValueError("not a bigint")
    return int(text)


def _uuid(text: str) -> UUID:
    if _UUID.match(text) is None:
        raise ValueError("not an id")
    return UUID(text)


def _date(text: str) -> date:
    if _DATE.match(text) is None:
        raise ValueError("not a date")
    return date.fromisoformat(text)


_READERS: Mapping[str, Callable[[str], Any]] = {
    "text": str,
    "bigint": _integer,
    "date": _date,
    "timestamptz": lambda text: instant(_integer(text)),
}
