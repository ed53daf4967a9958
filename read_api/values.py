"""Values as clients write and read them; refused with a code where PostgreSQL could not hold them."""

import re
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from read_api.errors import bad_request

MAX_BIGINT = 2**63 - 1
# the driver takes the very first and last instants that Python knows for infinities
EARLIEST = datetime.min.replace(microsecond=1, tzinfo=UTC)
LATEST = datetime.max.replace(microsecond=999_998, tzinfo=UTC)

_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})\Z", re.ASCII
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", re.ASCII)
_DIGITS = re.compile(r"-?[0-9]{1,19}\Z", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.ASCII | re.IGNORECASE)


def print_instant(value: datetime) -> str:
    """RFC 3339 in UTC, with as few digits of the second's fraction as it needs."""
    text = value.astimezone(UTC).isoformat().removesuffix("+00:00")
    return (text.rstrip("0") if "." in text else text) + "Z"


def parse_instant(value: Any) -> datetime:
    """An instant of the years 1 to 9999, kept to the microsecond; raises an ApiError (BAD_REQUEST)."""
    if isinstance(value, str) and _INSTANT.match(value):
        try:
            return min(max(datetime.fromisoformat(value.upper()).astimezone(UTC), EARLIEST), LATEST)
        except (ValueError, OverflowError):
            pass  # the refusal below says all that is to say
    raise bad_request(
        "a DateTime is written as RFC 3339 with its offset, such as 2017-06-30T00:00:00Z, in the years 1 to 9999"
    )


def parse_date(value: Any) -> date:
    """A day of the years 1 to 9999; raises an ApiError (BAD_REQUEST)."""
    if isinstance(value, str) and _DATE.match(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass  # the refusal below says all that is to say
    raise bad_request("a Date is written as YYYY-MM-DD, in the years 1 to 9999")


def parse_bigint(value: Any) -> int:
    """A signed integer of 64 bits, as digits or as a JSON integer; raises an ApiError (BAD_REQUEST)."""
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    if not is_integer and not (isinstance(value, str) and _DIGITS.match(value)):
        raise bad_request("a BigInt is written as a string of at most 19 digits")
    number = int(value)
    if abs(number) > MAX_BIGINT:
        raise bad_request("a BigInt has at most 64 bits")
    return number


def parse_id(value: Any) -> UUID:
    """An id; raises an ApiError (BAD_REQUEST)."""
    if isinstance(value, str) and _UUID.match(value):
        return UUID(value)
    raise bad_request("an id is a UUID, such as 6e2f0a52-0b4e-5c7d-9d0b-4f3a7c1e8d20: pass one that an answer gave")


def parse_text(value: Any) -> str:
    """Text that PostgreSQL can compare with; raises an ApiError (BAD_REQUEST)."""
    text = str(value)
    if "\0" in text:
        raise bad_request("a string holds the NUL character (U+0000): leave it out")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise bad_request("a string holds half of a surrogate pair: send valid Unicode") from None
    return text
