"""What events changed, told from the events alone."""

from collections.abc import Iterator
from datetime import date
from itertools import count
from typing import Any
from uuid import UUID

import msgspec
import pytest

from event_schemas import account, deal, organisation, pipeline, product
from event_schemas.registry import Event, of_class
from event_schemas.values import Money
from tests.golden.examples import EXAMPLES
from tests.support.read_told import ONE, told

TWO, THREE = (UUID(int=number) for number in (2, 3))


def opened(**fields: Any) -> deal.DealOpened:
    """A deal's first event."""
    given: dict[str, Any] = {
        "name": "D", "pipeline_id": ONE, "stage_id": TWO, "amount": Money(100, "USD"), "account_id": None,
        "owner_id": None, "product_id": None, "expected_close": None,
    }  # fmt: skip
    return deal.DealOpened(**given | fields)


def test_values_are_printed_as_the_api_prints_them() -> None:
    """Ids and dates as text, minor units as digits, and the status that opening means."""
    (first,) = told(opened(owner_id=THREE, expected_close=date(2027, 1, 31)))
    assert first == {
        "name": (None, "D"),
        "pipelineId": (None, str(ONE)),
        "stageId": (None, str(TWO)),
        "amount": (None, {"minor": "100", "currency": "USD"}),
        "ownerId": (None, str(THREE)),
        "expectedClose": (None, "2027-01-31"),
        "status": (None, "OPEN"),
    }


def test_before_is_the_last_value_whatever_event_set_it() -> None:
    """Winning may change the amount that opening set, and reopening what losing set."""
    _, won, reopened, lost, again = told(
        opened(),
        deal.DealWon(stage_id=THREE, amount=Money(90, "USD")),
        deal.DealReopened(stage_id=TWO),
        deal.DealLost(stage_id=THREE, reason=deal.LossReason.NO_BUDGET, detail="none left"),
        deal.DealReopened(stage_id=TWO),
    )
    assert won["amount"] == ({"minor": "100", "currency": "USD"}, {"minor": "90", "currency": "USD"})
    assert won["status"] == ("OPEN", "WON")
    assert reopened == {"stageId": (str(THREE), str(TWO)), "status": ("WON", "OPEN")}
    assert lost["lossReason"] == (None, "NO_BUDGET")
    assert lost["lossDetail"] == (None, "none left")
    assert again["lossReason"] == ("NO_BUDGET", None)


def test_a_field_that_stays_as_it_is_is_not_told() -> None:
    """Winning for the expected amount changes the stage and the status."""
    _, won = told(opened(), deal.DealWon(stage_id=THREE, amount=Money(100, "USD")))
    assert set(won) == {"stageId", "status"}


def test_only_the_details_that_were_sent_are_told() -> None:
    """What was not sent is not in the event; null empties a field."""
    first = account.AccountOpened(
        name="A", sector="retail", year_established=None, revenue=None, employees=5, location=None, territory=None,
        owner_id=None,
    )  # fmt: skip
    _, changed, archived, restored, parent = told(
        first,
        account.AccountDetailsChanged(sector=None, employees=6),
        account.AccountArchived(),
        account.AccountRestored(),
        account.AccountParentSet(account_id=ONE, parent_id=TWO),
    )
    assert changed == {"sector": ("retail", None), "employees": (5, 6)}
    assert archived == {"archived": (False, True)}
    assert restored == {"archived": (True, False)}
    assert parent == {"parentId": (None, str(TWO))}


def test_leaving_a_team_empties_the_field() -> None:
    """The event names the team left; the user's field is empty."""
    _, joined, left = told(
        organisation.UserCreated(name="U", region=None, manager_id=None),
        organisation.UserJoinedTeam(team_id=TWO),
        organisation.UserLeftTeam(left_team_id=TWO),
    )
    assert joined == {"teamId": (None, str(TWO))}
    assert left == {"teamId": (str(TWO), None)}


def test_retiring_a_product_is_told() -> None:
    """An event without fields changes what it means."""
    _, retired = told(product.ProductListed(name="P", series=None, price=Money(1, "USD")), product.ProductRetired())
    assert retired == {"retired": (False, True)}


def stages(numbers: Iterator[int], *names: str) -> list[pipeline.Stage]:
    """Stages of these names."""
    category = pipeline.StageCategory.OPEN
    return [pipeline.Stage(id=UUID(int=next(numbers)), name=name, probability=10, category=category) for name in names]


def test_a_change_of_one_stage_is_told_as_the_pipelines_stages() -> None:
    """Each event of a stage shows the whole list before and after it, in order, the retired ones last."""
    numbers = count(10)
    a, b = stages(numbers, "A", "B")
    (c,) = stages(numbers, "C")
    found = told(
        pipeline.PipelineDefined(name="P", currency="USD", stages=(a, b)),
        pipeline.StageAdded(stage=c, index=1),
        pipeline.StageRenamed(stage_id=c.id, name="New"),
        pipeline.StagesReordered(stage_ids=(b.id, a.id, c.id)),
        pipeline.StageRetired(stage_id=b.id),
        pipeline.StageProbabilityChanged(stage_id=a.id, probability=20),
        pipeline.PipelineRenamed(name="Q"),
    )
    lists = [[stage["name"] for stage in each["stages"][1]] for each in found[:6]]
    assert ["".join(names) for names in lists] == ["AB", "ACB", "ANewB", "BANew", "ANewB", "ANewB"]
    assert found[4]["stages"][1][2]["retired"]
    assert found[5]["stages"][1][0]["probability"] == 20
    assert [each["stages"][0] for each in found[1:6]] == [each["stages"][1] for each in found[:5]]
    assert found[6] == {"name": ("P", "Q")}


@pytest.mark.parametrize(
    "event", [each for each in EXAMPLES if not of_class(type(each)).bookkeeping], ids=lambda event: type(event).__name__
)
def test_every_event_can_be_told(event: Event) -> None:
    """No event's payload is beyond JSON."""
    msgspec.json.encode(told(event))
