"""Writes the golden file of every event version that has none; never touches one that is there.

Run ``python -m tests.golden.write`` after raising an event's version or adding an event, and commit what it wrote.
"""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5

import msgspec

from event_schemas.account import (
    AccountArchived,
    AccountDetailsChanged,
    AccountOpened,
    AccountOwnerAssigned,
    AccountParentSet,
    AccountTerritoryAssigned,
)
from event_schemas.batch import BatchFinished, BatchStarted
from event_schemas.bookkeeping import CommandAccepted
from event_schemas.codec import decode, seal
from event_schemas.deal import (
    DealAmountChanged,
    DealCloseDateChanged,
    DealLost,
    DealOpened,
    DealOwnerChanged,
    DealProductChanged,
    DealReopened,
    DealStageChanged,
    DealWon,
    LossReason,
)
from event_schemas.envelope import Origin, StoredEvent, StreamHead
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
from event_schemas.registry import Event, EventType, of_class
from event_schemas.streams import TenantId, stream_name
from event_schemas.values import MAX_MINOR, Money

FOLDER: Final = Path(__file__).parent
CATEGORIES: Final = {"account.parent_set": "account_hierarchy", "command.accepted": "deal"}
"""Categories of streams that the events' names do not tell."""
NAMESPACE: Final = UUID("7d1f3f0e-54a6-4c57-8a3f-2f6f0d3c9b10")


def some(name: str) -> UUID:
    """The id of a name in these examples."""
    return uuid5(NAMESPACE, name)


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
)


def sealed(fact: Event) -> StoredEvent:
    """An example as the second event of its stream, from a command that has a cause."""
    entry = of_class(type(fact))
    category = CATEGORIES.get(entry.name, entry.name.partition(".")[0])
    entity = "accounts" if category == "account_hierarchy" else str(some(entry.name))
    origin = Origin(
        tenant=TenantId("demo"),
        actor=str(some("Ada")),
        command_id=some(f"command of {entry.name}"),
        request_digest="5e" * 32,
        correlation_id=some("correlation"),
        causation_id=some("cause"),
        source="api",
        occurred_at=datetime(2017, 6, 30, tzinfo=UTC),
    )
    (stored,) = seal(
        [fact],
        stream=stream_name(category, TenantId("demo"), entity),
        head=StreamHead(1, b"\x11" * 32),
        origin=origin,
        recorded_at=datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC),
    )
    return stored


def golden(stored: StoredEvent, entry: EventType) -> dict[str, Any]:
    """What a golden file holds: the stored texts, and what they meant when the file was written."""
    recorded = decode(stored)
    return {
        "metadata": stored.metadata.decode(),
        "data": stored.data.decode(),
        "hash": stored.hash.hex(),
        "entity": str(recorded.entity_id),
        "decoded": {"version": entry.version, "payload": msgspec.to_builtins(recorded.event)},
    }


def main() -> None:
    """Write what is missing."""
    for fact in EXAMPLES:
        entry = of_class(type(fact))
        path = FOLDER / f"{entry.name}.v{entry.version}.json"
        if not path.exists():
            content = msgspec.json.encode(golden(sealed(fact), entry))
            path.write_bytes(msgspec.json.format(content, indent=2) + b"\n")


if __name__ == "__main__":
    main()
