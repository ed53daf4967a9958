"""The main job as a user meets it: `crm up` from nothing, then the sample's figures through GraphQL."""

from datetime import date
from typing import Any

import pytest

from tests.support.platform import Platform
from tests.support.sample_figures import Sum, figures

FIGURES = "{open{...F} weighted{...F} won{...F} lost{...F}}"
FRAGMENT = "fragment F on Figure {count amount{minor currency}}"
DAYS = (date(2017, 3, 31), date(2017, 6, 30), date(2017, 9, 30))
COLUMNS = {"OWNER": "sales_agent", "PRODUCT": "product", "ACCOUNT": "account"}


def read(figure: dict[str, Any]) -> dict[str, Sum]:
    """ForecastFigures as plain sums."""
    assert all(part["amount"]["currency"] == "USD" for part in figure.values())
    return {name: Sum(part["count"], int(part["amount"]["minor"])) for name, part in figure.items()}


def test_known_figures_now(platform: Platform, token: str) -> None:
    """2,089 open, 4,238 won for 10,005,534.00 and 2,473 lost: the published figures."""
    totals = platform.graphql("{forecast{totals" + FIGURES + "}}" + FRAGMENT, token=token)["forecast"]["totals"]
    got = read(totals)
    assert (got["open"].count, got["won"], got["lost"].count) == (2089, Sum(4238, 1_000_553_400), 2473)
    assert got == figures(None)[""]


@pytest.mark.parametrize("at", [*DAYS], ids=str)
def test_totals_as_of_a_day(platform: Platform, token: str, at: date) -> None:
    """By the occurred clock, the totals of a day are what the CSV says of that day."""
    query = "query($at: DateTime!){forecast(asOf:{at:$at,clock:OCCURRED}){totals" + FIGURES + "}}" + FRAGMENT
    got = platform.graphql(query, {"at": f"{at}T00:00:00Z"}, token=token)["forecast"]["totals"]
    assert read(got) == figures(at)[""]


@pytest.mark.parametrize("dimension", COLUMNS)
@pytest.mark.parametrize("at", [None, *DAYS], ids=str)
def test_groups(platform: Platform, token: str, dimension: str, at: date | None) -> None:
    """Grouped, now and as of a day, every group has exactly the figures of the CSV."""
    query = (
        "query($as: AsOf, $by: [ForecastDimension!]){forecast(asOf:$as,groupBy:$by){groups{key figures"
        + FIGURES
        + "}}}"
        + FRAGMENT
    )
    moment = {"at": f"{at}T00:00:00Z", "clock": "OCCURRED"} if at else None
    groups = platform.graphql(query, {"as": moment, "by": [dimension]}, token=token)["forecast"]["groups"]
    assert {group["key"][0]: read(group["figures"]) for group in groups} == figures(at, by=COLUMNS[dimension])


def test_deals_behind_a_figure(platform: Platform, token: str) -> None:
    """The deals that a figure lists are as many, and add up to, what it says."""
    query = (
        'query($a: String){forecast(asOf:{at:"2017-06-30T00:00:00Z",clock:OCCURRED}){totals{won{count amount{minor}'
        " deals(first:500,after:$a){totalCount edges{node{id amount{minor}}} pageInfo{hasNextPage endCursor}}}}}}"
    )
    seen: dict[str, int] = {}
    after = None
    while True:
        won = platform.graphql(query, {"a": after}, token=token)["forecast"]["totals"]["won"]
        seen |= {edge["node"]["id"]: int(edge["node"]["amount"]["minor"]) for edge in won["deals"]["edges"]}
        if not won["deals"]["pageInfo"]["hasNextPage"]:
            break
        after = won["deals"]["pageInfo"]["endCursor"]
    assert (len(seen), sum(seen.values())) == (won["count"], int(won["amount"]["minor"]))
    assert won["deals"]["totalCount"] == won["count"]
