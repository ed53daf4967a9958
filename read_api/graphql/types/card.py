"""Cards of entities of any kind."""

from functools import cache
from importlib.resources import files
from typing import Any

import strawberry
from strawberry.types import Info

from read_api.cards import Card, CardsUnavailable
from read_api.errors import not_found
from read_api.graphql.fields import UNSET, resolved
from read_api.graphql.types.reference import Kind
from read_api.values import parse_id


def _position(self: Card) -> str:
    return str(self.position)


@strawberry.type(description="The least that there is to say about an entity.")
class EntityCard:
    """Resolved on read_api.cards.Card."""

    id: strawberry.ID
    kind: Kind
    name: str
    version: int
    position: str = resolved(_position, description="Where in the log its last event stands.")


def entity_card(description: str) -> Any:
    """The root field: from the cards, or from the states while there is no card."""

    async def resolve(info: Info, id: strawberry.ID, read_after: str | None = UNSET) -> Any:
        wanted = parse_id(id)
        context = info.context
        # readAfter waits for the Postgres views; the cards have a watermark of their own
        found = None if read_after else await _from_cards(context, wanted)
        found = found or await _from_states(context, wanted)
        if found is None:
            raise not_found()
        return found

    return resolved(resolve, description=description)


async def _from_cards(context: Any, wanted: Any) -> Card | None:
    if context.cards is None:
        return None
    try:
        found: Card | None = (await context.cards.get(context.tenant, [wanted])).get(wanted)
    except CardsUnavailable:
        return None
    return found


@cache
def _statement() -> str:
    return files("read_api.queries").joinpath("entity_card.sql").read_text(encoding="utf-8")


async def _from_states(context: Any, wanted: Any) -> Card | None:
    rows = await context.transaction.fetch(_statement(), wanted)
    return Card(**dict(rows[0])) if rows else None
