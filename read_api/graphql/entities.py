"""The kinds of entities: their types, their relations, and how one is read once the views have reached its event."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from event_schemas.token import ConsistencyToken
from read_api.as_of import Asked, Question
from read_api.compiler.entities import (
    ACCOUNTS,
    ACTIVITIES,
    CONTACTS,
    DEALS,
    LEADS,
    PIPELINES,
    PRODUCTS,
    SAVED_VIEWS,
    TEAMS,
    USERS,
)
from read_api.compiler.sources import Entity
from read_api.errors import not_found
from read_api.graphql.context import Context
from read_api.graphql.loaders import moment_of
from read_api.graphql.rows import Row
from read_api.graphql.types.account import Account
from read_api.graphql.types.activity import Activity
from read_api.graphql.types.contact import Contact
from read_api.graphql.types.deal import Deal
from read_api.graphql.types.lead import Lead
from read_api.graphql.types.organisation import Team, User
from read_api.graphql.types.pipeline import Pipeline
from read_api.graphql.types.product import Product
from read_api.graphql.types.saved_view import SavedView


class EntityKind(NamedTuple):
    """The nullable GraphQL type of a kind, and where its rows are."""

    annotation: Any
    relation: Entity
    goes: bool = False
    """Whether a command can make it go away: then there is none after it."""


KINDS: Mapping[str, EntityKind] = {
    "lead": EntityKind(Lead | None, LEADS),
    "contact": EntityKind(Contact | None, CONTACTS),
    "activity": EntityKind(Activity | None, ACTIVITIES),
    "saved_view": EntityKind(SavedView | None, SAVED_VIEWS, goes=True),
    "deal": EntityKind(Deal | None, DEALS),
    "account": EntityKind(Account | None, ACCOUNTS),
    "pipeline": EntityKind(Pipeline | None, PIPELINES),
    "product": EntityKind(Product | None, PRODUCTS),
    "team": EntityKind(Team | None, TEAMS),
    "user": EntityKind(User | None, USERS),
}


async def load_entity(context: Context, kind: str, entity: UUID, token: ConsistencyToken) -> Row | None:
    """The entity as it is now, once the views have reached the token; raises an ApiError (READ_STALE, NOT_FOUND).

    None when it has gone, as its kind may.
    """
    await context.consistency.wait_for(context.tenant, token)
    moment = await moment_of(context, Asked(Question.NOW))
    relation = KINDS[kind].relation.relation(None)
    rows = await context.transaction.fetch(f"select * from {relation} i where i.id = $1::uuid", entity)
    if not rows and KINDS[kind].goes:
        return None
    if not rows:
        raise not_found()
    return Row(rows[0], moment)
