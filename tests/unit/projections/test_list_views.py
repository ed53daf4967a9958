"""The lists of everything but deals: exactly these changes for these events."""

from uuid import UUID

from event_schemas.account import AccountArchived, AccountDetailsChanged, AccountMerged, AccountParentSet
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
    StageRetired,
)
from event_schemas.product import ProductListed, ProductRepriced, ProductRetired
from projections.changes import Change, Key, Put, Row
from projections.views import account_list, account_tree, pipeline_list, product_list, team_list, user_list
from tests.support.events import DEMO, NOON, Log, some_id
from tests.support.histories import ENGAGING, LOST, PIPELINE, PROSPECTING, STAGES, WON, account_opened, usd
from tests.support.projecting import changes_of

THING = some_id("thing")
ADA = some_id("ada")


def put(table: str, row: Row) -> Put:
    """The thing's row in a list."""
    key: Key = (DEMO, THING)
    return Put(table, key, {"tenant": DEMO, "id": THING, **row})


def test_account_list_shows_the_account_as_it_is_now() -> None:
    """Only what an event names changes; a revenue that became unknown loses its currency too."""
    log = Log()
    log.append("account", THING, account_opened())
    log.append("account", THING, AccountDetailsChanged(name="Acme & Co", revenue=None), AccountArchived())
    opened: Row = {
        "name": "Acme",
        "sector": "retail",
        "year_established": 1996,
        "revenue_minor": 1_100_04,
        "revenue_currency": "USD",
        "employees": 2822,
        "location": "Kenya",
        "territory": "east",
        "owner_id": some_id("user 1"),
        "archived": False,
        "merged_into_id": None,
        "opened_at": NOON,
        "version": 1,
        "position": 1,
    }
    poorer = opened | {"name": "Acme & Co", "revenue_minor": None, "revenue_currency": None}
    assert changes_of(account_list, log.events) == [
        (put("account_list", opened),),
        (put("account_list", poorer | {"version": 2, "position": 2}),),
        (put("account_list", poorer | {"version": 3, "position": 3, "archived": True}),),
    ]


def test_account_list_shows_what_an_account_was_merged_into() -> None:
    """It is worked on no more: archived too."""
    log = Log()
    log.append("account", THING, account_opened(), AccountMerged(into_id=some_id("other")))
    (merged,) = changes_of(account_list, log.events)[1]
    assert isinstance(merged, Put)
    assert (merged.row["archived"], merged.row["merged_into_id"]) == (True, some_id("other"))


def test_account_tree_shows_the_last_parent_of_each_account_of_the_hierarchy() -> None:
    """One row per account that ever had a parent; two accounts of one stream do not disturb each other."""
    log = Log()
    for child, parent in (("a", some_id("p")), ("b", some_id("p")), ("a", None)):
        event = AccountParentSet(account_id=some_id(child), parent_id=parent)
        log.append("account_hierarchy", "accounts", event, occurred_at=NOON)

    def row(child: str, parent: UUID | None, position: int) -> tuple[Change, ...]:
        values: Row = {"account_id": some_id(child), "parent_id": parent, "since": NOON, "position": position}
        return (Put("account_tree", (DEMO, some_id(child)), {"tenant": DEMO, **values}),)

    assert changes_of(account_tree, log.events) == [
        row("a", some_id("p"), 1),
        row("b", some_id("p"), 2),
        row("a", None, 3),
    ]


def test_pipeline_list_shows_the_stages_that_changed_with_their_ranks() -> None:
    """A stage put before others moves them; a retired one goes behind those in use; a new name moves nothing."""
    log = Log()
    log.append("pipeline", PIPELINE, PipelineDefined(name="Sales", currency="USD", stages=STAGES))
    demo = Stage(id=some_id("demo"), name="Demo", probability=30, category=StageCategory.OPEN)
    log.append("pipeline", PIPELINE, StageAdded(stage=demo, index=1))
    log.append("pipeline", PIPELINE, StageRetired(stage_id=PROSPECTING))
    log.append("pipeline", PIPELINE, PipelineRenamed(name="Trade"))

    ranks = [
        [(puts.row["id"], puts.row["rank"], puts.row["retired"]) for puts in changes[1:] if isinstance(puts, Put)]
        for changes in changes_of(pipeline_list, log.events)
    ]
    assert ranks == [
        [(PROSPECTING, 0, False), (ENGAGING, 1, False), (WON, 2, False), (LOST, 3, False)],
        [(demo.id, 1, False), (ENGAGING, 2, False), (WON, 3, False), (LOST, 4, False)],
        [(demo.id, 0, False), (ENGAGING, 1, False), (WON, 2, False), (LOST, 3, False), (PROSPECTING, 4, True)],
        [],
    ]


def test_pipeline_list_puts_whole_rows() -> None:
    """The pipeline's row, and a stage's row with its pipeline."""
    log = Log()
    log.append("pipeline", PIPELINE, PipelineDefined(name="Sales", currency="USD", stages=STAGES[:1]))
    pipeline: Row = {
        "id": PIPELINE,
        "name": "Sales",
        "currency": "USD",
        "defined_at": NOON,
        "version": 1,
        "position": 1,
    }
    stage: Row = {
        "id": PROSPECTING,
        "pipeline_id": PIPELINE,
        "name": "Prospecting",
        "probability": 10,
        "category": "open",
        "rank": 0,
        "retired": False,
    }
    assert changes_of(pipeline_list, log.events) == [
        (
            Put("pipeline_list", (DEMO, PIPELINE), {"tenant": DEMO, **pipeline}),
            Put("pipeline_stages", (DEMO, PIPELINE, PROSPECTING), {"tenant": DEMO, **stage}),
        )
    ]


def test_product_list_shows_the_product_as_it_is_now() -> None:
    """Price and retirement."""
    log = Log()
    log.append("product", THING, ProductListed(name="GTX Pro", series="GTX", price=usd(4821_00)))
    log.append("product", THING, ProductRepriced(price=usd(1)), ProductRetired())
    listed: Row = {
        "name": "GTX Pro",
        "series": "GTX",
        "price_minor": 4821_00,
        "currency": "USD",
        "retired": False,
        "listed_at": NOON,
        "version": 1,
        "position": 1,
    }
    assert changes_of(product_list, log.events) == [
        (put("product_list", listed),),
        (put("product_list", listed | {"price_minor": 1, "version": 2, "position": 2}),),
        (put("product_list", listed | {"price_minor": 1, "retired": True, "version": 3, "position": 3}),),
    ]


def test_team_list_shows_the_team_as_it_is_now() -> None:
    """Manager and region."""
    log = Log()
    log.append("team", THING, TeamCreated(name="North", region=None, manager_id=None))
    log.append("team", THING, TeamManagerAssigned(manager_id=ADA), TeamRegionAssigned(region="East"))
    created: Row = {
        "name": "North",
        "region": None,
        "manager_id": None,
        "created_at": NOON,
        "version": 1,
        "position": 1,
    }
    assert changes_of(team_list, log.events) == [
        (put("team_list", created),),
        (put("team_list", created | {"manager_id": ADA, "version": 2, "position": 2}),),
        (put("team_list", created | {"manager_id": ADA, "region": "East", "version": 3, "position": 3}),),
    ]


def test_user_list_shows_the_user_as_they_are_now() -> None:
    """Team, manager and region; who left a team is in none."""
    team = some_id("team")
    log = Log()
    log.append("user", THING, UserCreated(name="Bo", region="West", manager_id=None))
    log.append("user", THING, UserJoinedTeam(team_id=team), UserManagerAssigned(manager_id=ADA))
    log.append("user", THING, UserRegionAssigned(region=None), UserLeftTeam(left_team_id=team))
    row: Row = {
        "name": "Bo",
        "region": "West",
        "team_id": None,
        "manager_id": None,
        "created_at": NOON,
        "version": 1,
        "position": 1,
    }
    shown = []
    steps: list[Row] = [{}, {"team_id": team}, {"manager_id": ADA}, {"region": None}, {"team_id": None}]
    for place, fields in enumerate(steps, start=1):
        row = row | fields | {"version": place, "position": place}
        shown.append((put("user_list", row),))
    assert changes_of(user_list, log.events) == shown
