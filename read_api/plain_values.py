"""Values of events as the API prints them."""

from datetime import date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET

from event_schemas.values import Money
from read_api.values import print_instant


def camel(name: str) -> str:
    """``expected_close`` -> ``expectedClose``."""
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


def plain(value: Any) -> Any:
    """As JSON: ids and days as text, instants in UTC, enums by name, minor units as digits; without UNSET fields."""
    match value:
        case Money(minor, currency):
            return {"minor": str(minor), "currency": currency}
        case Enum():
            return value.name
        case datetime():
            return print_instant(value)
        case UUID() | date():
            return str(value)
        case msgspec.Struct():
            fields = {name: getattr(value, name) for name in value.__struct_fields__}
            return {camel(name): plain(each) for name, each in fields.items() if each is not UNSET}
        case tuple() | list():
            return [plain(item) for item in value]
        case _:
            return value
