"""One example of each event of the organisation, its accounts and its deals."""

from datetime import date
from typing import Final

from event_schemas.account import (
    AccountArchived,
    AccountDetailsChanged,
    AccountMerged,
    AccountOpened,
    AccountOwnerAssigned,
    AccountParentSet,
    AccountRestored,
    AccountTerritoryAssigned,
)
from event_schemas.batch import BatchFinished, BatchStarted
from event_schemas.bookkeeping import CommandAccepted
from event_schemas.deal import (
    DealAccountChanged,
    DealAmountChanged,
    DealCloseDateChanged,
    DealContactLinked,
    DealContactUnlinked,
    DealLineItemsSet,
    DealLost,
    DealOpened,
    DealOwnerChanged,
    DealProductChanged,
    DealReopened,
    DealStageChanged,
    DealWon,
    LineItem,
    LossReason,
)
from event_schemas.organisation import (
    TeamCreated,
    TeamManagerAssigned,
    TeamRegionAssigned,
    UserCreated,
    UserJoinedTeam,
    UserLeftTeam,
    UserManagerAssigned,
    UserRegionAssigned,
)
from event_schemas.pipeline import (
    PipelineDefined,
    PipelineRenamed,
    Stage,
    StageAdded,
    StageCategory,
    StageProbabilityChanged,
    StageRenamed,
    StageRetired,
    StagesReordered,
)
from event_schemas.product import ProductListed, ProductRepriced, ProductRetired
from event_schemas.registry import Event
from event_schemas.values import MAX_MINOR, Money
from tests.golden.ids import some
from tests.golden.people import PEOPLE


def stage(name: str, probability: int, category: StageCategory) -> Stage:
    """An example."""
    return Stage(id=some(name), name=name, probability=probability, category=category)


EXAMPLES: Final[tuple[Event, ...]] = (
    AccountOpened(
        name="Ünïcode & “Söhne” 株式会社 \U0001f600",
        sector="retail",
        year_established=1996,
        revenue=Money(110_000_000_000, "USD"),
        employees=2822,
        location="Kenya",
        territory=None,
        owner_id=some("Ada"),
    ),
    AccountDetailsChanged(name='Quote " backslash \\ tab \t', sector=None, revenue=Money(MAX_MINOR, "EUR")),
    AccountOwnerAssigned(owner_id=None),
    AccountTerritoryAssigned(territory="EMEA"),
    AccountArchived(),
    AccountRestored(),
    AccountMerged(into_id=some("other")),
    AccountParentSet(account_id=some("account.parent_set"), parent_id=some("parent")),
    BatchStarted(name="Deals of June"),
    BatchFinished(rows=8800, rejected=0),
    CommandAccepted(target_id=some("command.accepted")),
    DealOpened(
        name="Ten GTX",
        pipeline_id=some("pipeline"),
        stage_id=some("New"),
        amount=Money(550_000, "USD"),
        account_id=some("account"),
        owner_id=some("Ada"),
        product_id=None,
        expected_close=date(2017, 12, 31),
    ),
    DealStageChanged(stage_id=some("Talks")),
    DealAmountChanged(amount=Money(0, "USD")),
    DealCloseDateChanged(expected_close=None),
    DealOwnerChanged(owner_id=some("Bob")),
    DealProductChanged(product_id=some("product")),
    DealWon(stage_id=some("Won"), amount=Money(495_000, "USD")),
    DealLost(stage_id=some("Lost"), reason=LossReason.NO_BUDGET, detail="next year, perhaps"),
    DealReopened(stage_id=some("New")),
    DealAccountChanged(account_id=None),
    DealContactLinked(contact_id=some("contact"), role="decides"),
    DealContactUnlinked(contact_id=some("contact")),
    DealLineItemsSet(
        items=(
            LineItem(product_id=some("product"), quantity=10, unit_price=Money(55_000, "USD"), discount=1_000),
            LineItem(product_id=some("other"), quantity=1, unit_price=Money(0, "USD")),
        ),
        amount=Money(495_000, "USD"),
    ),
    PipelineDefined(
        name="Sales",
        currency="USD",
        stages=(
            stage("New", 10, StageCategory.OPEN),
            stage("Won", 100, StageCategory.WON),
            stage("Lost", 0, StageCategory.LOST),
        ),
    ),
    PipelineRenamed(name="Direct sales"),
    StageAdded(stage=stage("Talks", 50, StageCategory.OPEN), index=1),
    StageRenamed(stage_id=some("Talks"), name="Negotiation"),
    StageProbabilityChanged(stage_id=some("Talks"), probability=60),
    StagesReordered(stage_ids=(some("Talks"), some("New"), some("Won"), some("Lost"))),
    StageRetired(stage_id=some("New")),
    ProductListed(name="GTX Pro", series="GTX", price=Money(482_100, "USD")),
    ProductRepriced(price=Money(500_000, "USD")),
    ProductRetired(),
    TeamCreated(name="West", region="Oregon", manager_id=some("Bob")),
    TeamManagerAssigned(manager_id=None),
    TeamRegionAssigned(region=None),
    UserCreated(name="Ada Lovelace", region=None, manager_id=some("Bob")),
    UserJoinedTeam(team_id=some("team")),
    UserLeftTeam(left_team_id=some("team")),
    UserManagerAssigned(manager_id=some("Bob")),
    UserRegionAssigned(region="Oregon"),
    *PEOPLE,
)
"""Every event class has exactly one."""
