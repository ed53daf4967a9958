"""Changing an open deal."""

from datetime import date
from typing import Any

import msgspec
import pytest

from event_schemas.deal import (
    DealAmountChanged,
    DealCloseDateChanged,
    DealLost,
    DealOpened,
    DealOwnerChanged,
    DealProductChanged,
    DealStageChanged,
    DealWon,
    LossReason,
)
from event_schemas.pipeline import StageAdded, StageCategory, StageRetired
from event_schemas.product import ProductRetired
from event_schemas.values import Money
from tests.support.events import some_id
from tests.support.examples import (
    DEAL,
    LOST,
    NEW,
    PIPELINE,
    PIPELINE_DEFINED,
    PRODUCT,
    PRODUCT_LISTED,
    TALKS,
    USER,
    USER_CREATED,
    WON,
    stage,
)
from tests.support.scenario import Given, given
from write_side.domain import deal, pipeline, product, user
from write_side.domain.deal import (
    ChangeDealAmount,
    ChangeDealCloseDate,
    ChangeDealOwner,
    ChangeDealProduct,
    ChangeDealStage,
    DealIsClosed,
)
from write_side.domain.references import DealNotFound, ProductIsRetired, ProductNotFound, UserNotFound
from write_side.domain.stages import CurrencyNotOfPipeline, StageIsRetired, StageNotInPipeline, StageOfOtherCategory

OPENED = DealOpened(
    name="Ten GTX",
    pipeline_id=PIPELINE,
    stage_id=NEW.id,
    amount=Money(100, "USD"),
    account_id=None,
    owner_id=None,
    product_id=None,
    expected_close=None,
)
PAPERS = stage("Papers", 80, StageCategory.OPEN)
CHANGES = [
    (ChangeDealStage(id=DEAL, stage_id=TALKS.id), DealStageChanged(stage_id=TALKS.id)),
    (ChangeDealAmount(id=DEAL, amount=Money(0, "USD")), DealAmountChanged(amount=Money(0, "USD"))),
    (
        ChangeDealCloseDate(id=DEAL, expected_close=date(2018, 1, 1)),
        DealCloseDateChanged(expected_close=date(2018, 1, 1)),
    ),
    (ChangeDealOwner(id=DEAL, owner_id=USER), DealOwnerChanged(owner_id=USER)),
    (ChangeDealProduct(id=DEAL, product_id=PRODUCT), DealProductChanged(product_id=PRODUCT)),
]


def tenant(*events: Any) -> Given:
    """A deal's history in a tenant that has all it may refer to, and a further stage before the won one."""
    return (
        given(deal.DECIDER, *events)
        .beside(pipeline.DECIDER, PIPELINE, PIPELINE_DEFINED, StageAdded(stage=PAPERS, index=2))
        .beside(user.DECIDER, USER, USER_CREATED)
        .beside(product.DECIDER, PRODUCT, PRODUCT_LISTED)
    )


def name_of(value: Any) -> str:
    """For test ids."""
    return type(value).__name__


@pytest.mark.parametrize(("command", "event"), CHANGES, ids=name_of)
def test_an_open_deal_changes(command: Any, event: Any) -> None:
    """Each change of an open deal is one event."""
    tenant(OPENED).when(command).then(event)


@pytest.mark.parametrize(("command", "event"), CHANGES, ids=name_of)
def test_what_is_so_already_decides_nothing(command: Any, event: Any) -> None:
    """A change to what already holds is no event."""
    tenant(OPENED, event).when(command).then()


@pytest.mark.parametrize(("command", "_event"), CHANGES, ids=name_of)
def test_what_was_never_opened_does_not_change(command: Any, _event: Any) -> None:
    """No change without a deal."""
    tenant().when(command).rejected(DealNotFound)


@pytest.mark.parametrize(("command", "event"), CHANGES, ids=name_of)
@pytest.mark.parametrize(
    "closing",
    [
        DealWon(stage_id=WON.id, amount=Money(100, "USD")),
        DealLost(stage_id=LOST.id, reason=LossReason.TIMING, detail=""),
    ],
    ids=name_of,
)
def test_a_closed_deal_does_not_change(command: Any, event: Any, closing: Any) -> None:
    """A closed deal accepts no change, not even to what holds."""
    message = tenant(OPENED, closing).when(command).rejected(DealIsClosed)
    assert message.endswith("reopen it before you change it")
    tenant(OPENED, event, closing).when(command).rejected(DealIsClosed)


@pytest.mark.parametrize(
    ("origin", "target"), [(NEW, TALKS), (TALKS, NEW), (NEW, PAPERS)], ids=["forward", "back", "skipping"]
)
def test_a_deal_moves_between_open_stages(origin: Any, target: Any) -> None:
    """Forward, back and skipping are all the same to a deal."""
    opened = msgspec.structs.replace(OPENED, stage_id=origin.id)
    tenant(opened).when(ChangeDealStage(id=DEAL, stage_id=target.id)).then(DealStageChanged(stage_id=target.id))


def test_a_deal_moves_to_a_stage_of_its_pipeline() -> None:
    """Stages of nowhere, closed ones and retired ones are refused, each with its reason."""
    nowhere, won = ChangeDealStage(id=DEAL, stage_id=some_id("none")), ChangeDealStage(id=DEAL, stage_id=WON.id)
    tenant(OPENED).when(nowhere).rejected(StageNotInPipeline, "stageId")
    message = tenant(OPENED).when(won).rejected(StageOfOtherCategory, "stageId")
    assert message == "stage 'Won' is for won deals: name one of category open"
    retired = tenant(OPENED).beside(pipeline.DECIDER, PIPELINE, PIPELINE_DEFINED, StageRetired(stage_id=TALKS.id))
    retired.when(ChangeDealStage(id=DEAL, stage_id=TALKS.id)).rejected(StageIsRetired, "stageId")


def test_a_deal_stays_in_a_stage_that_retires() -> None:
    """Asking for the stage it is in changes nothing, retired or not."""
    retired = tenant(OPENED).beside(pipeline.DECIDER, PIPELINE, PIPELINE_DEFINED, StageRetired(stage_id=NEW.id))
    retired.when(ChangeDealStage(id=DEAL, stage_id=NEW.id)).then()


def test_the_currency_stays() -> None:
    """An amount in another currency than the pipeline's is refused."""
    command = ChangeDealAmount(id=DEAL, amount=Money(100, "EUR"))
    tenant(OPENED).when(command).rejected(CurrencyNotOfPipeline, "amount.currency")


def test_close_date_owner_and_product_can_become_unknown() -> None:
    """None empties each of them."""
    known = msgspec.structs.replace(OPENED, expected_close=date(2018, 1, 1), owner_id=USER, product_id=PRODUCT)
    tenant(known).when(ChangeDealCloseDate(id=DEAL, expected_close=None)).then(
        DealCloseDateChanged(expected_close=None)
    )
    tenant(known).when(ChangeDealOwner(id=DEAL, owner_id=None)).then(DealOwnerChanged(owner_id=None))
    tenant(known).when(ChangeDealProduct(id=DEAL, product_id=None)).then(DealProductChanged(product_id=None))


def test_owner_and_product_must_exist() -> None:
    """What is named must be of the tenant."""
    tenant(OPENED).when(ChangeDealOwner(id=DEAL, owner_id=some_id("none"))).rejected(UserNotFound, "ownerId")
    tenant(OPENED).when(ChangeDealProduct(id=DEAL, product_id=some_id("none"))).rejected(ProductNotFound, "productId")


def test_a_retired_product_stays_but_is_not_chosen_anew() -> None:
    """A deal keeps the product that it has; no deal takes a retired one."""
    command = ChangeDealProduct(id=DEAL, product_id=PRODUCT)
    with_product = msgspec.structs.replace(OPENED, product_id=PRODUCT)
    for opened, outcome in ((with_product, ()), (OPENED, ProductIsRetired)):
        retired = tenant(opened).beside(product.DECIDER, PRODUCT, PRODUCT_LISTED, ProductRetired()).when(command)
        retired.then() if outcome == () else retired.rejected(ProductIsRetired, "productId")
