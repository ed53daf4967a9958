"""Value types that several events carry: money, names, bounded text."""

from typing import Annotated

import msgspec

MAX_MINOR = 10**15
"""Largest amount in minor units: ten trillion of a currency with cents; exact in every JSON reader (below 2**53)."""

# Patterns mean the same to Python and, in the exported JSON Schemas, to ECMAScript (with its flag u). They keep out
# what cannot be stored: NUL (no PostgreSQL text holds it) and halves of surrogate pairs (UTF-8 has none).
Name = Annotated[
    str,
    msgspec.Meta(
        min_length=1, max_length=200, pattern=r"^[^\x00\ud800-\udfff]*[^\s\x00\ud800-\udfff][^\x00\ud800-\udfff]*$"
    ),
]
"""A display name: 1 to 200 characters, not blank."""

Text = Annotated[str, msgspec.Meta(max_length=2000, pattern=r"^[^\x00\ud800-\udfff]*$")]
"""Free text of at most 2,000 characters."""

CurrencyCode = Annotated[str, msgspec.Meta(min_length=3, max_length=3, pattern="^[A-Z]{3}$")]
"""An ISO 4217 code, in capitals."""

Probability = Annotated[int, msgspec.Meta(ge=0, le=100)]
"""Whole per cent, 0 to 100."""


class Money(msgspec.Struct, frozen=True):
    """An amount in whole minor units (100 minor = 1 USD), never negative, at most MAX_MINOR."""

    minor: Annotated[int, msgspec.Meta(ge=0, le=MAX_MINOR)]
    currency: CurrencyCode
