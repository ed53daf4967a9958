"""Scalars, printed as the compiler's SQL prints them."""

from datetime import date, datetime
from typing import NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from read_api.values import parse_bigint, parse_date, parse_instant, print_instant

BigInt = NewType("BigInt", int)

SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant: RFC 3339, printed in UTC.",
        serialize=print_instant,
        parse_value=parse_instant,
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc3339",
    ),
    date: strawberry.scalar(
        name="Date", description="A day: YYYY-MM-DD.", serialize=date.isoformat, parse_value=parse_date
    ),
    BigInt: strawberry.scalar(
        name="BigInt",
        description="An integer of 64 bits, as a string of digits.",
        serialize=str,
        parse_value=parse_bigint,
    ),
}
"""For the schema's configuration (``scalar_map``)."""
