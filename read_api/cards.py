"""Cards: the least that there is to say about an entity of any kind."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

import msgspec

from event_schemas.streams import TenantId


class Card(msgspec.Struct, frozen=True):
    """As the projections' view entity_card keeps it."""

    id: UUID
    kind: str
    name: str
    version: int
    position: int


class CardsUnavailable(ConnectionError):
    """The store of the cards cannot be reached; the same can be read from the states."""


class Cards(Protocol):
    """Reads cards by id."""

    async def get(self, tenant: TenantId, ids: Sequence[UUID]) -> Mapping[UUID, Card]:
        """Those that there are; raises CardsUnavailable."""
        ...
