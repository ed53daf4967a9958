"""The field ``feed``: what happened lately to what concerns a user, a team or an account."""

from datetime import datetime
from typing import Any

import orjson
import strawberry
from strawberry.scalars import JSON

from read_api.asked_feed import asked_feed
from read_api.feed import FeedItem as Item
from read_api.graphql.fields import resolved
from read_api.graphql.types.reference import Kind

UNSET = strawberry.UNSET
_SHOWN_AS = {"account_parent": "account"}


def kind_of(item: Item) -> str:
    """The kind of the entity that the event names, where its state has a kind of its own."""
    return _SHOWN_AS.get(item.kind, item.kind)


def _position(self: Item) -> str:
    return str(self.position)


def _occurred_at(self: Item) -> datetime:
    return datetime.fromisoformat(self.occurred_at)


def _kind(self: Item) -> str:
    return kind_of(self)


def _data(self: Item) -> JSON | None:
    return JSON(orjson.loads(bytes(self.data)))


@strawberry.type(description="An event that concerns somebody, newest first in their feed.")
class FeedItem:
    """Resolved on read_api.feed.FeedItem."""

    position: str = resolved(_position, description="Where the event stands in the log.")
    type: str
    occurred_at: datetime = resolved(_occurred_at)
    actor: str
    kind: Kind = resolved(_kind, description="The kind of the entity that it happened to.")
    id: strawberry.ID = strawberry.field(description="Of the entity.")
    name: str | None = strawberry.field(
        description="Of the entity, as it was then; null where the event's stream has none."
    )
    data: JSON | None = resolved(_data, description="The event's payload, as in the timeline.")


async def _feed(
    info: strawberry.Info,
    first: int | None = 50,
    user_id: strawberry.ID | None = UNSET,
    team_id: strawberry.ID | None = UNSET,
    account_id: strawberry.ID | None = UNSET,
    read_after: str | None = UNSET,
) -> list[FeedItem]:
    sent: dict[str, Any] = {
        "first": first,
        "userId": user_id,
        "teamId": team_id,
        "accountId": account_id,
        "readAfter": read_after,
    }
    found: Any = await asked_feed(info.context, {name: each for name, each in sent.items() if each is not UNSET})
    return list(found)


@strawberry.type(name="Query")
class FeedQuery:
    """Merged into ``Query``."""

    feed: list[FeedItem] = strawberry.field(
        resolver=_feed,
        description="What happened lately, the newest first: your own feed, or that of a user, a team or an account.",
    )
