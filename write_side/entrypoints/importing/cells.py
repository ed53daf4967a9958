"""Cells become values: text, numbers, money, dates, references."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from event_schemas.streams import TenantId, entity_id
from event_schemas.values import MAX_MINOR, Money
from write_side.entrypoints.importing.faults import BadMapping, BadRow
from write_side.entrypoints.importing.kinds import REFERENCES
from write_side.entrypoints.importing.mapping import Part

INVALID = "INVALID_VALUE"
Read = Callable[[str], Any]
"""Text that is not empty -> value; raises ValueError with the reason."""
Text = Callable[[Sequence[str]], str | None]
"""A row's cells -> a text, or None for nothing."""
Get = Callable[[Sequence[str]], Any]

_SYMBOLS = re.compile(r"[\s'\u2019$€£¥₹]")
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_NO_CENTS = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"]
)
_MILS = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])


def getter(field: str, text: Text, read: Read) -> Get:
    """A row's cells -> the field's value, None for nothing; raises BadRow."""

    def get(cells: Sequence[str]) -> Any:
        if (given := text(cells)) is None:
            return None
        try:
            return read(given)
        except ValueError as error:
            raise BadRow(str(error), code=INVALID, field=field, value=given) from error

    return get


def reader(field: str, type_: Any, part: Part, *, tenant: TenantId, decimal: str, dates: str | None) -> Read | None:
    """How the texts of a field are read; None: as they are. Money is read as its Decimal. Raises BadMapping."""
    decimal = part.decimal or decimal
    if field in REFERENCES:
        return _reference(REFERENCES[field], part.key, tenant)
    if type_ is Money:
        return lambda text: number(text, decimal) * Decimal(str(part.scale))
    if type_ is int:
        return lambda text: _whole(number(text, decimal) * Decimal(str(part.scale)))
    if type_ is date:
        return dates_of(field, part, dates, lambda moment: moment.date())
    if type_ is datetime:
        return moments(field, part, dates)
    if isinstance(type_, type) and issubclass(type_, Enum):
        return _choice(type_)
    if getattr(type_, "__origin__", None) is tuple:
        return lambda text: [text]
    return None


def number(text: str, decimal: str) -> Decimal:
    """``1,234.50`` or ``1.234,50 €``; raises ValueError."""
    bare = _SYMBOLS.sub("", text).replace("." if decimal == "," else ",", "").replace(",", ".")
    try:
        found = Decimal(bare)
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a number (with {decimal!r} before the decimals)") from None
    if not found.is_finite():
        raise ValueError(f"{text!r} is not a number")
    return found


def money(amount: Decimal, currency: str) -> Money:
    """In whole minor units; raises ValueError for what cannot be stored exactly."""
    if _CURRENCY.match(currency) is None:
        raise ValueError(f"{currency!r} is no ISO 4217 code in capitals, such as USD")
    digits = 0 if currency in _NO_CENTS else 3 if currency in _MILS else 2
    minor = amount.scaleb(digits)
    if minor != minor.to_integral_value():
        raise ValueError(f"{amount} {currency} has more than {digits} decimals")
    if not 0 <= minor <= MAX_MINOR:
        raise ValueError(f"{amount} {currency} is not between 0 and {Decimal(MAX_MINOR).scaleb(-digits):,}")
    return Money(int(minor), currency)


def moments(field: str, part: Part, dates: str | None) -> Read:
    """Texts -> moments; those that name no time zone are in the part's."""
    try:
        zone: tzinfo = UTC if part.timezone == "UTC" else ZoneInfo(part.timezone)
    except (LookupError, ValueError, OSError) as error:
        raise BadMapping(f"{field}: there is no time zone {part.timezone!r}") from error

    def placed(moment: datetime) -> datetime:
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)

    return dates_of(field, part, dates, placed)


def dates_of(field: str, part: Part, dates: str | None, finish: Callable[[datetime], Any]) -> Read:
    """Texts -> dates, by the part's formats, else the file's, else ISO 8601, in which a workbook's own dates are."""
    given = part.format if part.format is not None else dates
    formats = (given,) if isinstance(given, str) else given or ()
    if bare := [one for one in formats if "%" not in one]:
        raise BadMapping(f"{field}: the format {bare[0]!r} has no % in it: write it as in %d.%m.%Y")

    def read(text: str) -> Any:
        for one in formats:
            try:
                return finish(datetime.strptime(text, one))  # noqa: DTZ007 -- finish adds the zone
            except ValueError:
                continue
        try:
            return finish(datetime.fromisoformat(text))
        except ValueError:
            expected = " or ".join(formats) or "ISO 8601, such as 2027-01-31"
            raise ValueError(f"{text!r} is not a date as in {expected}") from None

    return read


def _whole(value: Decimal) -> int:
    if value != value.to_integral_value():
        raise ValueError(f"{value} is not a whole number")
    return int(value)


def _reference(kind: str, key: str | None, tenant: TenantId) -> Read:
    def read(text: str) -> UUID:
        if key is not None:
            return entity_id(tenant, kind, key.replace("{}", text))
        try:
            return UUID(text)
        except ValueError:
            raise ValueError(
                f"{text!r} is no id (UUID) of a {kind}: say in the mapping how its key is made: key = 'name={{}}'"
            ) from None

    return read


def _choice(choices: type[Enum]) -> Read:
    known = {str(one.value).casefold(): one.value for one in choices}

    def read(text: str) -> Any:
        try:
            return known[re.sub(r"[\s-]+", "_", text).casefold()]
        except KeyError:
            raise ValueError(f"{text!r} is none of {', '.join(known)}") from None

    return read
