"""A small tenant in events, for tests of deciders: one pipeline, and one of each other kind."""

from typing import Final
from uuid import UUID

from event_schemas.account import AccountOpened
from event_schemas.organisation import TeamCreated, UserCreated
from event_schemas.pipeline import PipelineDefined, Stage, StageCategory
from event_schemas.product import ProductListed
from event_schemas.values import Money
from tests.support.events import some_id

ACCOUNT: Final = some_id("account")
DEAL: Final = some_id("deal")
PIPELINE: Final = some_id("pipeline")
PRODUCT: Final = some_id("product")
TEAM: Final = some_id("team")
USER: Final = some_id("user")


def stage(name: str, probability: int, category: StageCategory, *, id: UUID | None = None) -> Stage:
    """A stage whose id follows from its name, unless another is given."""
    return Stage(id=id or some_id(name), name=name, probability=probability, category=category)


NEW: Final = stage("New", 10, StageCategory.OPEN)
TALKS: Final = stage("Talks", 50, StageCategory.OPEN)
WON: Final = stage("Won", 100, StageCategory.WON)
LOST: Final = stage("Lost", 0, StageCategory.LOST)
PIPELINE_DEFINED: Final = PipelineDefined(name="Sales", currency="USD", stages=(NEW, TALKS, WON, LOST))

ACCOUNT_OPENED: Final = AccountOpened(
    name="Acme",
    sector=None,
    year_established=None,
    revenue=None,
    employees=None,
    location=None,
    territory=None,
    owner_id=None,
)
PRODUCT_LISTED: Final = ProductListed(name="GTX", series=None, price=Money(55_000, "USD"))
TEAM_CREATED: Final = TeamCreated(name="West", region=None, manager_id=None)
USER_CREATED: Final = UserCreated(name="Ada", region=None, manager_id=None)
