"""A random but consistent past of a few tenants."""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec

from event_schemas import account, deal, organisation, pipeline, product
from event_schemas.registry import Event
from tests.support.read_people import people_happenings
from tests.support.read_story import REGIONS, Past, Storyteller


def tell_tenant(teller: Storyteller, tenant: str, *, deals: int) -> list[Callable[[], None]]:
    """Found the tenant's organisation, and return what may still happen, in any order."""
    rng = teller.random
    for _ in range(max(2, deals // 40)):
        teller.tell(
            tenant,
            "team",
            teller.new_id(),
            organisation.TeamCreated(name=teller.name(), region=rng.choice(REGIONS), manager_id=None),
            occurred_at=rng.choice((None, teller.instant())),
        )
    for _ in range(max(3, deals // 10)):
        user = organisation.UserCreated(
            name=teller.name(), region=rng.choice(REGIONS), manager_id=teller.pick(tenant, "user", or_none=0.4)
        )
        teller.tell(tenant, "user", teller.new_id(), user, occurred_at=rng.choice((None, teller.instant())))
    for _ in range(2):
        _define_pipeline(teller, tenant)
    for _ in range(6):
        listed = product.ProductListed(
            name=teller.name(), series=rng.choice((None, "GTX", "MG")), price=teller.money("USD")
        )
        teller.tell(tenant, "product", teller.new_id(), listed, occurred_at=rng.choice((None, teller.instant())))
    happenings: list[Callable[[], None]] = [lambda: _open_account(teller, tenant)] * max(4, deals // 6)
    happenings += [lambda: _open_deal(teller, tenant)] * deals
    happenings += [lambda: _change_organisation(teller, tenant)] * min(deals // 3, 200)
    happenings += [lambda: _change_account(teller, tenant)] * (deals // 2)
    happenings += [lambda: _change_deal(teller, tenant)] * (deals * 3)
    return happenings + people_happenings(teller, tenant, deals=deals)


def _stage(teller: Storyteller, category: pipeline.StageCategory) -> pipeline.Stage:
    certain = {pipeline.StageCategory.WON: 100, pipeline.StageCategory.LOST: 0}
    return pipeline.Stage(
        id=teller.new_id(),
        name=teller.name(),
        probability=certain.get(category, teller.random.choice((5, 33, 50, 75))),
        category=category,
    )


def _define_pipeline(teller: Storyteller, tenant: str) -> None:
    categories = [pipeline.StageCategory.OPEN] * 3 + [pipeline.StageCategory.WON, pipeline.StageCategory.LOST]
    stages = [_stage(teller, each) for each in categories]
    earlier = teller.past.of(tenant, "pipeline")
    if earlier:  # ids are unique within a pipeline only
        first = teller.document("pipeline", earlier[0]).stages[0]
        stages[0] = msgspec.structs.replace(stages[0], id=first.id)
    defined = pipeline.PipelineDefined(name=teller.name(), currency="EUR" if earlier else "USD", stages=tuple(stages))
    teller.tell(tenant, "pipeline", teller.new_id(), defined, occurred_at=teller.instant())


def _open_account(teller: Storyteller, tenant: str) -> None:
    rng = teller.random
    opened = account.AccountOpened(
        name=teller.name(),
        sector=rng.choice((None, "retail", "medical", "")) or None,
        year_established=rng.choice((None, 1066, 1999)),
        revenue=rng.choice((None, teller.money("USD"))),
        employees=rng.choice((None, 0, 10**9)),
        location=rng.choice((None, "Romania")),
        territory=rng.choice((None, "north", "süd")),
        owner_id=teller.pick(tenant, "user", or_none=0.3),
    )
    teller.tell(tenant, "account", teller.new_id(), opened, occurred_at=rng.choice((None, teller.instant())))


def _open_deal(teller: Storyteller, tenant: str) -> None:
    rng = teller.random
    flow = teller.pick(tenant, "pipeline")
    document = teller.document("pipeline", flow)
    stages = [stage for stage in document.stages if stage.category == "open" and not stage.retired]
    opened = deal.DealOpened(
        name=teller.name(),
        pipeline_id=flow,
        stage_id=rng.choice(stages or document.stages).id,
        amount=teller.money(document.currency),
        account_id=teller.pick(tenant, "account", or_none=0.2),
        owner_id=teller.pick(tenant, "user", or_none=0.2),
        product_id=teller.pick(tenant, "product", or_none=0.2),
        expected_close=_close_date(rng),
    )
    teller.tell(
        tenant,
        "deal",
        teller.new_id(),
        opened,
        occurred_at=rng.choice((None, teller.instant(), datetime(2024, 6, 1, tzinfo=UTC))),
    )


def _close_date(rng: random.Random) -> date | None:
    return rng.choice((None, None, date(2024, 6, 30), date(2024, 1, 1) + timedelta(days=rng.randint(0, 900))))


def _change_account(teller: Storyteller, tenant: str) -> None:
    rng = teller.random
    if (target := teller.pick(tenant, "account")) is None:
        return
    # no cycle is kept out here: by the occurred clock there may be one, and a reader must live with it
    parent = account.AccountParentSet(account_id=target, parent_id=teller.pick(tenant, "account", or_none=0.2))
    changes: Sequence[tuple[str, Event]] = (
        ("account_hierarchy", parent),
        ("account_hierarchy", parent),
        ("account", account.AccountDetailsChanged(name=teller.name(), revenue=rng.choice((None, teller.money("EUR"))))),
        ("account", account.AccountOwnerAssigned(owner_id=teller.pick(tenant, "user", or_none=0.3))),
        ("account", account.AccountTerritoryAssigned(territory=rng.choice((None, "west")))),
        ("account", rng.choice((account.AccountArchived(), account.AccountRestored()))),
    )
    category, event = rng.choice(changes)
    teller.tell(tenant, category, target, event, occurred_at=rng.choice((None, teller.instant())))


def _change_organisation(teller: Storyteller, tenant: str) -> None:
    rng = teller.random
    user, team, flow, sold = (teller.pick(tenant, kind) for kind in ("user", "team", "pipeline", "product"))
    stages = teller.document("pipeline", flow).stages
    open_stages = [stage for stage in stages if stage.category == "open" and not stage.retired]
    membership: Event = organisation.UserJoinedTeam(team_id=team)
    if (left := teller.document("user", user).team_id) is not None and rng.random() < 0.3:
        membership = organisation.UserLeftTeam(left_team_id=left)
    changes: list[tuple[str, UUID, Event]] = [
        ("user", user, membership),
        ("user", user, organisation.UserManagerAssigned(manager_id=teller.pick(tenant, "user", or_none=0.3))),
        ("user", user, organisation.UserRegionAssigned(region=rng.choice(REGIONS))),
        ("team", team, organisation.TeamManagerAssigned(manager_id=user)),
        ("team", team, organisation.TeamRegionAssigned(region=rng.choice(REGIONS))),
        ("product", sold, product.ProductRepriced(price=teller.money("USD"))),
        ("product", sold, product.ProductRetired()),
        ("pipeline", flow, pipeline.PipelineRenamed(name=teller.name())),
        (
            "pipeline",
            flow,
            pipeline.StageProbabilityChanged(stage_id=rng.choice(stages).id, probability=rng.randint(0, 100)),
        ),
        ("pipeline", flow, pipeline.StageRenamed(stage_id=rng.choice(stages).id, name=teller.name())),
        (
            "pipeline",
            flow,
            pipeline.StageAdded(stage=_stage(teller, pipeline.StageCategory.OPEN), index=rng.randint(0, len(stages))),
        ),
    ]
    if len(open_stages) > 2:
        changes.append(("pipeline", flow, pipeline.StageRetired(stage_id=rng.choice(open_stages).id)))
    category, entity, event = rng.choice(changes)
    teller.tell(tenant, category, entity, event, occurred_at=rng.choice((None, None, teller.instant())))


def _change_deal(teller: Storyteller, tenant: str) -> None:
    rng = teller.random
    if (target := teller.pick(tenant, "deal")) is None:
        return
    now = teller.document("deal", target)
    flow = teller.document("pipeline", now.pipeline_id)
    of = {wanted: [each for each in flow.stages if each.category == wanted] for wanted in ("open", "won", "lost")}
    changes: list[Event] = [deal.DealReopened(stage_id=rng.choice(of["open"]).id)]
    if now.status == "open":
        changes = [
            deal.DealStageChanged(stage_id=rng.choice(of["open"]).id),
            deal.DealStageChanged(stage_id=rng.choice(of["open"]).id),
            deal.DealAmountChanged(amount=teller.money(flow.currency)),
            deal.DealCloseDateChanged(expected_close=_close_date(rng)),
            deal.DealOwnerChanged(owner_id=teller.pick(tenant, "user", or_none=0.2)),
            deal.DealProductChanged(product_id=teller.pick(tenant, "product", or_none=0.2)),
            deal.DealWon(stage_id=of["won"][0].id, amount=teller.money(flow.currency)),
            deal.DealLost(
                stage_id=of["lost"][0].id,
                reason=rng.choice(list(deal.LossReason)),
                detail=rng.choice(("", "too dear", "naïve")),
            ),
        ]
    teller.tell(tenant, "deal", target, rng.choice(changes), occurred_at=rng.choice((None, teller.instant())))


def a_past(seed: int, *, tenants: dict[str, int]) -> Past:
    """The past of several tenants with about so many deals each, their events interleaved in the log."""
    teller = Storyteller(seed)
    happenings = [each for tenant, deals in tenants.items() for each in tell_tenant(teller, tenant, deals=deals)]
    teller.random.shuffle(happenings)
    for happen in happenings:
        happen()
    return teller.past
