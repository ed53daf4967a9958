"""Histories of a tenant for tests and benchmarks: any length, valid, and the same for the same seed."""

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Final
from uuid import UUID

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
from event_schemas.envelope import StoredEvent
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
from event_schemas.streams import TenantId
from event_schemas.values import Money
from tests.support.customers import KEPT, customers, something
from tests.support.events import DEMO, NOON, Log, some_id

PIPELINE: Final = some_id("pipeline")
STAGES: Final = tuple(
    Stage(id=some_id(name), name=name, probability=probability, category=category)
    for name, probability, category in (
        ("Prospecting", 10, StageCategory.OPEN),
        ("Engaging", 50, StageCategory.OPEN),
        ("Won", 100, StageCategory.WON),
        ("Lost", 0, StageCategory.LOST),
    )
)
PROSPECTING, ENGAGING, WON, LOST = (stage.id for stage in STAGES)


def usd(minor: int) -> Money:
    """An amount in cents."""
    return Money(minor, "USD")


def deal_opened(name: str = "Crane 7", *, stage: UUID = PROSPECTING, minor: int = 5_500_00) -> DealOpened:
    """A deal of an account, with an owner and a product."""
    return DealOpened(
        name=name,
        pipeline_id=PIPELINE,
        stage_id=stage,
        amount=usd(minor),
        account_id=some_id("account 1"),
        owner_id=some_id("user 1"),
        product_id=some_id("product 1"),
        expected_close=date(2017, 9, 30),
    )


def account_opened(name: str = "Acme") -> AccountOpened:
    """An account with all its details."""
    return AccountOpened(
        name=name,
        sector="retail",
        year_established=1996,
        revenue=usd(1_100_04),
        employees=2822,
        location="Kenya",
        territory="east",
        owner_id=some_id("user 1"),
    )


def organisation(log: Log) -> None:
    """What deals need before the first of them."""
    log.append("pipeline", PIPELINE, PipelineDefined(name="Sales", currency="USD", stages=STAGES))
    for number in (1, 2):
        log.append("product", some_id(f"product {number}"), ProductListed(name=f"P{number}", series=None, price=usd(5)))
        log.append("team", some_id(f"team {number}"), TeamCreated(name=f"T{number}", region=None, manager_id=None))
        log.append("user", some_id(f"user {number}"), UserCreated(name=f"U{number}", region="West", manager_id=None))
        log.append("account", some_id(f"account {number}"), account_opened(f"A{number}"))


def deals(
    random: Random,
    count: int,
    *,
    tenant: TenantId = DEMO,
    after: int = 0,
    happens: Callable[[Random], Event] | None = None,
) -> list[StoredEvent]:
    """A log of nothing but deals: opened, and each event followed by up to two about deals that are there."""
    happens = happens or _deal_event
    log = Log(tenant, after=after)
    for number in range(count):
        log.append(
            "deal", some_id(f"{tenant} deal {number}"), deal_opened(f"Deal {number}", minor=random.randrange(10**7))
        )
        for earlier in random.sample(range(number + 1), k=min(number + 1, random.choice((0, 1, 1, 2)))):
            log.append("deal", some_id(f"{tenant} deal {earlier}"), happens(random))
    return log.events


def everything(random: Random, count: int, *, tenant: TenantId = DEMO, after: int = 0) -> list[StoredEvent]:
    """A log in which everything that can happen happens, to few enough entities for each to have a long story."""
    log = Log(tenant, after=after)
    organisation(log)
    for number in range(5):
        log.append("deal", some_id(f"deal {number}"), deal_opened(f"Deal {number}"))
    log.append("deal", some_id("deal 1"), DealContactLinked(contact_id=some_id(f"contact {KEPT}"), role="Buyer"))
    customers(log)
    stages = [stage.id for stage in STAGES]
    occurred_at = NOON + timedelta(hours=1)  # after all that the entities began with
    while len(log.events) < count:
        occurred_at += timedelta(hours=random.choice((0, 0, 1)))  # several events of one instant are common
        category, entity, events = _anything(random, stages)
        log.append(category, entity, *events, occurred_at=occurred_at)
    return log.events


def _anything(random: Random, stages: list[UUID]) -> tuple[str, UUID | str, list[Event]]:
    which = random.randrange(2) + 1
    match random.randrange(16):
        case 0:
            return "account", some_id(f"account {which}"), [_account_event(random)]
        case 1:
            return "account_hierarchy", "accounts", [_parent_set(random)]
        case 2:
            return "pipeline", PIPELINE, [_pipeline_event(random, stages)]
        case 3:
            return "product", some_id(f"product {which}"), [_product_event(random)]
        case 4:
            return "team", some_id(f"team {which}"), [_team_event(random)]
        case 5:
            user = some_id(f"user {which}")
            return "user", user, [_user_event(random), CommandAccepted(target_id=user)]
        case 6 | 7 | 8:
            few = random.choice((1, 1, 3))
            return "deal", some_id(f"deal {random.randrange(5)}"), [_deal_event(random) for _ in range(few)]
        case _:
            return something(random)


def _parent_set(random: Random) -> Event:
    child = some_id(f"account {random.randrange(9)}")
    return AccountParentSet(account_id=child, parent_id=random.choice((None, some_id("account 1"))))


def _product_event(random: Random) -> Event:
    return random.choice((ProductRepriced(price=usd(random.randrange(99))), ProductRetired()))


def deal_moves(random: Random) -> Event:
    """What changes a deal's own row and no other list."""
    return random.choice(
        (
            DealStageChanged(stage_id=random.choice((PROSPECTING, ENGAGING))),
            DealStageChanged(stage_id=ENGAGING),
            DealAmountChanged(amount=usd(random.randrange(10**7))),
            DealCloseDateChanged(expected_close=random.choice((None, date(2017, 12, random.randrange(1, 31))))),
            DealOwnerChanged(owner_id=some_id(f"user {random.randrange(3)}")),
            DealProductChanged(product_id=None),
            DealWon(stage_id=WON, amount=usd(random.randrange(10**7))),
            DealLost(stage_id=LOST, reason=random.choice(list(LossReason)), detail="they “think”"),
            DealReopened(stage_id=ENGAGING),
        )
    )


def _deal_event(random: Random) -> Event:
    return random.choice(
        (
            *(deal_moves(random) for _ in range(9)),
            DealAccountChanged(account_id=random.choice((None, some_id("account 2")))),
            DealContactLinked(contact_id=some_id(f"contact {random.randrange(3)}"), role=random.choice((None, "Boss"))),
            DealContactUnlinked(contact_id=some_id(f"contact {random.randrange(3)}")),
            DealLineItemsSet(items=_items(random), amount=usd(random.randrange(10**7))),
        )
    )


def _items(random: Random) -> tuple[LineItem, ...]:
    item = LineItem(product_id=some_id("product 1"), quantity=2, unit_price=usd(random.randrange(99)), discount=5_00)
    return (item,) * random.randrange(3)


def _account_event(random: Random) -> Event:
    return random.choice(
        (
            AccountDetailsChanged(name=f"A{random.randrange(100)}", revenue=random.choice((None, usd(7)))),
            AccountDetailsChanged(employees=random.randrange(1000), sector=None),
            AccountOwnerAssigned(owner_id=None),
            AccountTerritoryAssigned(territory="north"),
            AccountArchived(),
            AccountRestored(),
            AccountMerged(into_id=some_id("account 1")),
        )
    )


def _pipeline_event(random: Random, stages: list[UUID]) -> Event:
    stage = random.choice(stages)
    match random.randrange(5):
        case 0:
            return PipelineRenamed(name=f"Sales {random.randrange(9)}")
        case 1:
            return StageRenamed(stage_id=stage, name=f"Stage {random.randrange(9)}")
        case 2:
            return StageProbabilityChanged(stage_id=stage, probability=random.randrange(101))
        case 3 if len(stages) > 3:
            stages.remove(stage)
            return StageRetired(stage_id=stage)
        case 3:
            index = random.randrange(len(stages) + 1)
            added = Stage(id=UUID(int=random.getrandbits(128)), name="new", probability=5, category=StageCategory.OPEN)
            stages.insert(index, added.id)
            return StageAdded(stage=added, index=index)
        case _:
            random.shuffle(stages)
            return StagesReordered(stage_ids=tuple(stages))


def _team_event(random: Random) -> Event:
    return random.choice(
        (TeamManagerAssigned(manager_id=some_id(f"user {random.randrange(3)}")), TeamRegionAssigned(region="East"))
    )


def _user_event(random: Random) -> Event:
    return random.choice(
        (
            UserJoinedTeam(team_id=some_id(f"team {random.randrange(3)}")),
            UserLeftTeam(left_team_id=some_id("team 1")),
            UserManagerAssigned(manager_id=None),
            UserRegionAssigned(region=None),
        )
    )
