"""What is answered as of a moment is what a plain look at the past says, for the neighbours of an entity too."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.read_asking import ask, moments, printed
from tests.support.read_oracle import Moment, Oracle
from tests.support.read_paths import NOW, BothPaths
from tests.support.read_story import Past

pytestmark = pytest.mark.asyncio(loop_scope="module")

NEIGHBOURS = (
    "owner{id name region manager{name} team{name}} account{name parent{name}} product{name}"
    " stage{name probability retired} stageHistory{enteredAt leftAt stage{id}}"
)
NODE = f"id name version status amount{{minor}} daysInStage {NEIGHBOURS}"
DEALS = f"query($m:AsOf){{deals(first:1000,asOf:$m,sort:NAME_ASC){{totalCount position edges{{node{{{NODE}}}}}}}}}"
FIGURES = " ".join(f"{figure}{{count amount{{minor}}}}" for figure in ("open", "weighted", "won", "lost"))
GROUPS = "groups{key figures{open{count}}}"
FORECAST = f"query($m:AsOf){{forecast(asOf:$m,groupBy:[OWNER,STAGE]){{position totals{{{FIGURES}}} {GROUPS}}}}}"


@pytest.mark.parametrize("seed", range(4))
async def test_deals_and_their_neighbours(seed: int, paths: BothPaths, past: Past) -> None:
    """Each deal that held at a moment shows itself and everything around it as of that moment; no other deal does."""
    oracle = Oracle(past, "demo")
    for given, moment, at in moments(oracle, past, seed):
        shown = (await ask(paths, DEALS, {"m": given}))["deals"]
        expected = sorted(oracle.all("deal", moment), key=lambda deal: (deal.name.encode(), deal.id))
        assert shown["position"] == str(moment.position)
        assert shown["totalCount"] == len(expected)
        assert [edge["node"] for edge in shown["edges"]] == [_deal(oracle, each, moment, at) for each in expected]


def _deal(oracle: Oracle, deal: Any, moment: Moment, at: datetime) -> dict[str, Any]:
    owner = oracle.state("user", deal.owner_id, moment, early=True)
    account = oracle.state("account", deal.account_id, moment, early=True)
    stage = oracle.stage(deal.pipeline_id, deal.stage_id, moment)
    return {
        "id": str(deal.id),
        "name": deal.name,
        "version": deal.version,
        "status": deal.status.upper(),
        "amount": {"minor": str(deal.amount_minor)},
        "daysInStage": max(0, (at - deal.stage_entered_at).days),
        "owner": owner and _owner(oracle, owner, moment),
        "account": account and {"name": account.name, "parent": _parent(oracle, account, moment)},
        "product": _named(oracle.state("product", deal.product_id, moment, early=True)),
        "stage": {"name": stage.name, "probability": stage.probability, "retired": stage.retired},
        "stageHistory": _stays(oracle, deal, moment),
    }


def _owner(oracle: Oracle, owner: Any, moment: Moment) -> dict[str, Any]:
    return {
        "id": str(owner.id),
        "name": owner.name,
        "region": owner.region,
        "manager": _named(oracle.state("user", owner.manager_id, moment, early=True)),
        "team": _named(oracle.state("team", owner.team_id, moment, early=True)),
    }


def _parent(oracle: Oracle, account: Any, moment: Moment) -> dict[str, Any] | None:
    link = oracle.state("account_parent", account.id, moment)
    return _named(oracle.state("account", link.parent_id, moment, early=True)) if link else None


def _named(document: Any) -> dict[str, Any] | None:
    return {"name": document.name} if document else None


def _stays(oracle: Oracle, deal: Any, moment: Moment) -> list[dict[str, Any]]:
    stays: list[Any] = oracle.stays(deal.id, moment)
    ends = [printed(each.stage_entered_at) for each in stays[1:]]
    return [
        {"enteredAt": printed(each.stage_entered_at), "leftAt": left, "stage": {"id": str(each.stage_id)}}
        for each, left in zip(stays, [*ends, None], strict=True)
    ]


@pytest.mark.parametrize("seed", range(2))
async def test_forecasts(seed: int, paths: BothPaths, past: Past) -> None:
    """Figures and groups are those of the deals, stages and owners of the moment."""
    oracle = Oracle(past, "demo")
    for given, moment, _ in moments(oracle, past, seed):
        shown = (await ask(paths, FORECAST, {"m": given}))["forecast"]
        deals = [each for each in oracle.all("deal", moment) if each.currency == "USD"]
        assert shown["totals"] == _figures(oracle, deals, moment)
        keys = {(_owner_name(oracle, each, moment), _stage_name(oracle, each, moment)) for each in deals}
        assert [tuple(group["key"]) for group in shown["groups"]] == sorted(keys)
        assert sum(group["figures"]["open"]["count"] for group in shown["groups"]) == shown["totals"]["open"]["count"]


def _figures(oracle: Oracle, deals: list[Any], moment: Moment) -> dict[str, Any]:
    def figure(status: str, weigh: bool = False) -> dict[str, Any]:
        chosen = [each for each in deals if each.status == status]
        amounts = [
            (each.amount_minor * oracle.stage(each.pipeline_id, each.stage_id, moment).probability + 50) // 100
            if weigh
            else each.amount_minor
            for each in chosen
        ]
        return {"count": len(chosen), "amount": {"minor": str(sum(amounts))}}

    return {
        "open": figure("open"),
        "weighted": figure("open", weigh=True),
        "won": figure("won"),
        "lost": figure("lost"),
    }


def _stage_name(oracle: Oracle, deal: Any, moment: Moment) -> str:
    return str(oracle.stage(deal.pipeline_id, deal.stage_id, moment).name)


def _owner_name(oracle: Oracle, deal: Any, moment: Moment) -> str:
    owner = oracle.state("user", deal.owner_id, moment, early=True)
    return owner.name if owner else ""


async def test_now_is_the_head(paths: BothPaths, past: Past) -> None:
    """Asking now, as of the head's position and as of an instant ahead all show the same deals."""
    now = await ask(paths, DEALS, {"m": None})
    assert now == await ask(paths, DEALS, {"m": {"at": (NOW + timedelta(days=1)).isoformat()}})
    by_position = await ask(paths, DEALS, {"m": {"position": str(past.head)}})
    for edge in [*now["deals"]["edges"], *by_position["deals"]["edges"]]:
        del edge["node"]["daysInStage"]  # counted until the last event there
    assert now == by_position


async def test_the_last_seconds_are_not_decided(paths: BothPaths, past: Past) -> None:
    """An instant of the last five seconds means the head, though nothing was recorded later; one before does not."""
    query = "query($m:AsOf){deals(first:0,asOf:$m){position}}"
    just_now = {"at": (NOW - timedelta(seconds=4.9)).isoformat()}
    assert (await ask(paths, query, {"m": just_now}))["deals"]["position"] == str(past.head)
    first = past.versions[0].recorded.meta.recorded_at - timedelta(microseconds=1)
    assert (await ask(paths, query, {"m": {"at": first.isoformat()}}))["deals"]["position"] == "0"
