"""Ids in the examples."""

from typing import Final
from uuid import UUID, uuid5

NAMESPACE: Final = UUID("7d1f3f0e-54a6-4c57-8a3f-2f6f0d3c9b10")


def some(name: str) -> UUID:
    """The id of a name in these examples."""
    return uuid5(NAMESPACE, name)
