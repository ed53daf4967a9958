"""What a forecast can be grouped by: names, taken from the deal's neighbours as of the same moment."""

from dataclasses import dataclass
from enum import Enum

from read_api.compiler.entities import ACCOUNTS, PRODUCTS, STAGES, TEAMS, USERS
from read_api.compiler.sources import Entity


class Dimension(Enum):
    """By what deals are grouped."""

    OWNER = "owner"
    MANAGER = "manager"
    REGION = "region"
    TEAM = "team"
    PRODUCT = "product"
    ACCOUNT = "account"
    STAGE = "stage"
    CLOSE_MONTH = "close_month"


@dataclass(frozen=True)
class Neighbour:
    """A relation that a dimension's name comes from."""

    alias: str
    entity: Entity
    match: str
    """SQL that finds it by columns of the deal or of an earlier neighbour."""


STAGE = Neighbour("stage", STAGES, "stage.id=deal.stage_id and stage.pipeline_id=deal.pipeline_id")
_OWNER = Neighbour("owner", USERS, "owner.id=deal.owner_id")
_MANAGER = Neighbour("manager", USERS, "manager.id=owner.manager_id")
_TEAM = Neighbour("team", TEAMS, "team.id=owner.team_id")
_PRODUCT = Neighbour("product", PRODUCTS, "product.id=deal.product_id")
_ACCOUNT = Neighbour("account", ACCOUNTS, "account.id=deal.account_id")


@dataclass(frozen=True)
class Naming:
    """Where a dimension's name comes from."""

    name: str
    """SQL; null where it is absent."""
    neighbours: tuple[Neighbour, ...] = ()
    """In the order in which they are joined."""


NAMINGS = {
    Dimension.OWNER: Naming("owner.name", (_OWNER,)),
    Dimension.MANAGER: Naming("manager.name", (_OWNER, _MANAGER)),
    Dimension.REGION: Naming("owner.region", (_OWNER,)),
    Dimension.TEAM: Naming("team.name", (_OWNER, _TEAM)),
    Dimension.PRODUCT: Naming("product.name", (_PRODUCT,)),
    Dimension.ACCOUNT: Naming("account.name", (_ACCOUNT,)),
    Dimension.STAGE: Naming("stage.name", (STAGE,)),
    Dimension.CLOSE_MONTH: Naming(
        "to_char(coalesce((deal.closed_at at time zone 'UTC')::date, deal.expected_close), 'YYYY-MM')"
    ),
}
