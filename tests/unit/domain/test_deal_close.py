"""Winning, losing and reopening a deal."""

from typing import Any

import pytest

from event_schemas.deal import (
    DealAmountChanged,
    DealLost,
    DealOpened,
    DealReopened,
    DealStageChanged,
    DealWon,
    LossReason,
)
from event_schemas.pipeline import StageAdded, StageCategory, StageRetired, StagesReordered
from event_schemas.values import Money
from tests.support.events import some_id
from tests.support.examples import DEAL, LOST, NEW, PIPELINE, PIPELINE_DEFINED, TALKS, WON, stage
from tests.support.scenario import Given, given
from write_side.domain import deal, pipeline
from write_side.domain.deal import (
    ChangeDealStage,
    DealIsClosed,
    DealNotClosed,
    LoseDeal,
    ReopenDeal,
    WinDeal,
)
from write_side.domain.references import DealNotFound
from write_side.domain.stages import CurrencyNotOfPipeline, StageIsRetired, StageNotInPipeline, StageOfOtherCategory

OPENED = DealOpened(
    name="Ten GTX",
    pipeline_id=PIPELINE,
    stage_id=TALKS.id,
    amount=Money(100, "USD"),
    account_id=None,
    owner_id=None,
    product_id=None,
    expected_close=None,
)
RENEWED = stage("Renewed", 100, StageCategory.WON)
IS_WON = DealWon(stage_id=WON.id, amount=Money(100, "USD"))
IS_LOST = DealLost(stage_id=LOST.id, reason=LossReason.PRICE, detail="too dear")
WIN, LOSE, REOPEN = WinDeal(id=DEAL), LoseDeal(id=DEAL, reason=LossReason.UNKNOWN), ReopenDeal(id=DEAL)
EUROS = Money(100, "EUR")


def tenant(*events: Any) -> Given:
    """A deal's history beside its pipeline, which has a second won stage."""
    history = (PIPELINE_DEFINED, StageAdded(stage=RENEWED, index=3))
    return given(deal.DECIDER, *events).beside(pipeline.DECIDER, PIPELINE, *history)


def test_a_deal_is_won_as_it_is() -> None:
    """Without amount and stage: the amount as it is now, the pipeline's first won stage."""
    tenant(OPENED, DealAmountChanged(amount=Money(70, "USD"))).when(WIN).then(
        DealWon(stage_id=WON.id, amount=Money(70, "USD"))
    )


def test_the_first_won_stage_is_the_first_in_order() -> None:
    """Another order of the stages has another first won one."""
    order = StagesReordered(stage_ids=(RENEWED.id, WON.id, LOST.id, TALKS.id, NEW.id))
    history = (PIPELINE_DEFINED, StageAdded(stage=RENEWED, index=3), order)
    won = DealWon(stage_id=RENEWED.id, amount=Money(100, "USD"))
    given(deal.DECIDER, OPENED).beside(pipeline.DECIDER, PIPELINE, *history).when(WIN).then(won)


def test_a_deal_is_won_as_told() -> None:
    """Amount and stage of the command are in the event."""
    command = WinDeal(id=DEAL, amount=Money(0, "USD"), stage_id=RENEWED.id)
    tenant(OPENED).when(command).then(DealWon(stage_id=RENEWED.id, amount=Money(0, "USD")))


def test_a_deal_is_lost_for_a_reason() -> None:
    """Without a stage the first lost one; reason and detail are in the event."""
    tenant(OPENED).when(LOSE).then(DealLost(stage_id=LOST.id, reason=LossReason.UNKNOWN, detail=""))
    command = LoseDeal(id=DEAL, reason=LossReason.PRICE, detail="too dear", stage_id=LOST.id)
    tenant(OPENED).when(command).then(IS_LOST)


@pytest.mark.parametrize("closing", [IS_WON, IS_LOST], ids=["won", "lost"])
def test_a_closed_deal_is_reopened(closing: Any) -> None:
    """In the first open stage, or in the one that is named; then it changes again."""
    tenant(OPENED, closing).when(REOPEN).then(DealReopened(stage_id=NEW.id))
    tenant(OPENED, closing).when(ReopenDeal(id=DEAL, stage_id=TALKS.id)).then(DealReopened(stage_id=TALKS.id))
    again = tenant(OPENED, closing, DealReopened(stage_id=NEW.id))
    again.when(ChangeDealStage(id=DEAL, stage_id=TALKS.id)).then(DealStageChanged(stage_id=TALKS.id))


def test_a_won_deal_reopens_with_what_it_was_won_for() -> None:
    """The amount that it was won for is its amount from then on."""
    won = DealWon(stage_id=WON.id, amount=Money(70, "USD"))
    tenant(OPENED, won, DealReopened(stage_id=NEW.id)).when(WIN).then(won)


@pytest.mark.parametrize(
    "command", [WIN, WinDeal(id=DEAL, amount=IS_WON.amount, stage_id=WON.id)], ids=["bare", "full"]
)
def test_winning_twice_decides_nothing(command: WinDeal) -> None:
    """A won deal is won already, if nothing else is asked."""
    tenant(OPENED, IS_WON).when(command).then()


@pytest.mark.parametrize("stage_id", [None, LOST.id], ids=["bare", "full"])
def test_losing_twice_decides_nothing(stage_id: Any) -> None:
    """A lost deal is lost already, if nothing else is asked."""
    command = LoseDeal(id=DEAL, reason=LossReason.PRICE, detail="too dear", stage_id=stage_id)
    tenant(OPENED, IS_LOST).when(command).then()


def test_reopening_an_open_deal_decides_nothing() -> None:
    """It is open already, in the stage that is asked for or in any."""
    tenant(OPENED).when(REOPEN).then()
    tenant(OPENED).when(ReopenDeal(id=DEAL, stage_id=TALKS.id)).then()


def test_reopening_is_no_way_to_move() -> None:
    """An open deal in another stage than the one named is not reopened there."""
    tenant(OPENED).when(ReopenDeal(id=DEAL, stage_id=NEW.id)).rejected(DealNotClosed)


@pytest.mark.parametrize(
    ("closing", "command"),
    [
        (IS_WON, LOSE),
        (IS_WON, WinDeal(id=DEAL, amount=Money(101, "USD"))),
        (IS_WON, WinDeal(id=DEAL, stage_id=RENEWED.id)),
        (IS_LOST, WIN),
        (IS_LOST, LoseDeal(id=DEAL, reason=LossReason.FIT, detail="too dear")),
        (IS_LOST, LoseDeal(id=DEAL, reason=LossReason.PRICE)),
        (IS_LOST, LoseDeal(id=DEAL, reason=LossReason.PRICE, detail="too dear", stage_id=some_id("none"))),
    ],
)
def test_a_closed_deal_is_not_closed_otherwise(closing: Any, command: Any) -> None:
    """Won stays won and lost stays lost, as they were, until it is reopened."""
    tenant(OPENED, closing).when(command).rejected(DealIsClosed)


@pytest.mark.parametrize("command", [WIN, LOSE, REOPEN], ids=["win", "lose", "reopen"])
def test_what_was_never_opened_is_not_closed(command: Any) -> None:
    """No closing without a deal."""
    tenant().when(command).rejected(DealNotFound)


@pytest.mark.parametrize(
    ("history", "command"),
    [
        ((OPENED,), WinDeal(id=DEAL, stage_id=LOST.id)),
        ((OPENED,), WinDeal(id=DEAL, stage_id=TALKS.id)),
        ((OPENED,), LoseDeal(id=DEAL, reason=LossReason.FIT, stage_id=WON.id)),
        ((OPENED, IS_WON), ReopenDeal(id=DEAL, stage_id=LOST.id)),
    ],
)
def test_the_stage_fits_the_outcome(history: Any, command: Any) -> None:
    """Won deals stand in won stages, lost ones in lost ones, open ones in open ones."""
    tenant(*history).when(command).rejected(StageOfOtherCategory, "stageId")


@pytest.mark.parametrize(
    ("history", "command"),
    [
        ((OPENED,), WinDeal(id=DEAL, stage_id=some_id("none"))),
        ((OPENED,), LoseDeal(id=DEAL, reason=LossReason.FIT, stage_id=some_id("none"))),
        ((OPENED, IS_WON), ReopenDeal(id=DEAL, stage_id=some_id("none"))),
    ],
)
def test_the_stage_is_of_the_pipeline(history: Any, command: Any) -> None:
    """A stage of nowhere is refused."""
    tenant(*history).when(command).rejected(StageNotInPipeline, "stageId")


def test_no_deal_is_won_into_a_retired_stage() -> None:
    """A retired won stage takes no deal."""
    history = (PIPELINE_DEFINED, StageAdded(stage=RENEWED, index=3), StageRetired(stage_id=RENEWED.id))
    retired = given(deal.DECIDER, OPENED).beside(pipeline.DECIDER, PIPELINE, *history)
    retired.when(WinDeal(id=DEAL, stage_id=RENEWED.id)).rejected(StageIsRetired, "stageId")


def test_a_deal_is_won_in_its_currency() -> None:
    """Another currency than the pipeline's is refused."""
    tenant(OPENED).when(WinDeal(id=DEAL, amount=EUROS)).rejected(CurrencyNotOfPipeline, "amount.currency")
