"""Entities of any kind, as something else refers to them."""

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from read_api.compiler.entities import ACCOUNTS, CONTACTS, DEALS, LEADS
from read_api.graphql.fields import column, one

if TYPE_CHECKING:
    from read_api.graphql.types.account import Account
    from read_api.graphql.types.contact import Contact
    from read_api.graphql.types.deal import Deal
    from read_api.graphql.types.lead import Lead


@strawberry.enum(description="Kinds of entities.")
class Kind(Enum):
    """As streams and states call them."""

    LEAD = "lead"
    CONTACT = "contact"
    ACCOUNT = "account"
    DEAL = "deal"
    ACTIVITY = "activity"
    PIPELINE = "pipeline"
    PRODUCT = "product"
    TEAM = "team"
    USER = "user"


@strawberry.enum(description="What an activity can be about.")
class RelatedKind(Enum):
    """As events say it."""

    LEAD = "lead"
    CONTACT = "contact"
    ACCOUNT = "account"
    DEAL = "deal"


@strawberry.type(description="An entity of any kind; of lead, contact, account and deal the one is there that it is.")
class EntityRef:
    """Columns id, kind and name."""

    id: strawberry.ID = column()
    kind: Kind = column()
    name: str = column()
    lead: Annotated["Lead", strawberry.lazy("read_api.graphql.types.lead")] | None = one(LEADS, id="id")
    contact: Annotated["Contact", strawberry.lazy("read_api.graphql.types.contact")] | None = one(CONTACTS, id="id")
    account: Annotated["Account", strawberry.lazy("read_api.graphql.types.account")] | None = one(ACCOUNTS, id="id")
    deal: Annotated["Deal", strawberry.lazy("read_api.graphql.types.deal")] | None = one(DEALS, id="id")
