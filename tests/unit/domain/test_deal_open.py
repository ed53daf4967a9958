"""Opening a deal."""

from datetime import date
from typing import Any

import msgspec
import pytest

from event_schemas.account import AccountArchived
from event_schemas.deal import DealAmountChanged, DealLost, DealOpened, DealStageChanged, LossReason
from event_schemas.pipeline import StageRetired
from event_schemas.product import ProductRetired
from event_schemas.values import Money
from tests.support.events import some_id
from tests.support.examples import (
    ACCOUNT,
    ACCOUNT_OPENED,
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
)
from tests.support.scenario import Given, given
from write_side.domain import account, deal, pipeline, product, user
from write_side.domain.deal import DealAlreadyOpened, OpenDeal
from write_side.domain.references import (
    AccountIsArchived,
    AccountNotFound,
    PipelineNotFound,
    ProductIsRetired,
    ProductNotFound,
    UserNotFound,
)
from write_side.domain.stages import CurrencyNotOfPipeline, StageIsRetired, StageNotInPipeline, StageOfOtherCategory

BARE = OpenDeal(id=DEAL, name="Ten GTX", pipeline_id=PIPELINE, amount=Money(100, "USD"))
FULL = OpenDeal(
    id=DEAL,
    name="Ten GTX",
    pipeline_id=PIPELINE,
    stage_id=TALKS.id,
    amount=Money(550_000, "USD"),
    account_id=ACCOUNT,
    owner_id=USER,
    product_id=PRODUCT,
    expected_close=date(2017, 12, 31),
)
BARE_OPENED = DealOpened(
    name="Ten GTX",
    pipeline_id=PIPELINE,
    stage_id=NEW.id,
    amount=Money(100, "USD"),
    account_id=None,
    owner_id=None,
    product_id=None,
    expected_close=None,
)
FULL_OPENED = DealOpened(
    name="Ten GTX",
    pipeline_id=PIPELINE,
    stage_id=TALKS.id,
    amount=Money(550_000, "USD"),
    account_id=ACCOUNT,
    owner_id=USER,
    product_id=PRODUCT,
    expected_close=date(2017, 12, 31),
)


def tenant(*events: Any) -> Given:
    """A deal's history in a tenant that has all it may refer to."""
    return (
        given(deal.DECIDER, *events)
        .beside(pipeline.DECIDER, PIPELINE, PIPELINE_DEFINED)
        .beside(account.DECIDER, ACCOUNT, ACCOUNT_OPENED)
        .beside(user.DECIDER, USER, USER_CREATED)
        .beside(product.DECIDER, PRODUCT, PRODUCT_LISTED)
    )


def test_a_deal_begins_in_the_first_open_stage() -> None:
    """Without a stage, the pipeline's first open one is taken; what is not given is unknown."""
    tenant().when(BARE).then(BARE_OPENED)


def test_a_deal_begins_as_it_is_told() -> None:
    """Every field of the command is in the event."""
    tenant().when(FULL).then(FULL_OPENED)


def test_a_retired_stage_is_not_the_first() -> None:
    """A retired stage is passed over when the first is asked for."""
    retired = tenant().beside(pipeline.DECIDER, PIPELINE, PIPELINE_DEFINED, StageRetired(stage_id=NEW.id))
    retired.when(BARE).then(msgspec.structs.replace(BARE_OPENED, stage_id=TALKS.id))


def test_a_repeat_decides_nothing_whatever_came_between() -> None:
    """The same OpenDeal again is a repeat, also when the deal has moved on, is closed, or its account was archived."""
    between = (
        DealStageChanged(stage_id=TALKS.id),
        DealAmountChanged(amount=Money(7, "USD")),
        DealLost(stage_id=LOST.id, reason=LossReason.PRICE, detail=""),
    )
    tenant(BARE_OPENED, *between).when(BARE).then()
    archived = tenant(FULL_OPENED).beside(account.DECIDER, ACCOUNT, ACCOUNT_OPENED, AccountArchived())
    archived.when(FULL).then()


@pytest.mark.parametrize(
    "other",
    [
        {"name": "Eleven GTX"},
        {"stage_id": NEW.id},
        {"stage_id": WON.id},
        {"amount": Money(550_001, "USD")},
        {"account_id": None},
        {"owner_id": None},
        {"product_id": None},
        {"expected_close": None},
        {"pipeline_id": some_id("another")},
    ],
    ids=str,
)
def test_an_id_is_used_once(other: dict[str, Any]) -> None:
    """Any other content under the same id is refused."""
    tenant(FULL_OPENED).when(msgspec.structs.replace(FULL, **other)).rejected(DealAlreadyOpened, "id")


def test_an_id_is_not_free_again_after_closing() -> None:
    """A closed deal keeps its id."""
    closed = tenant(FULL_OPENED, DealLost(stage_id=LOST.id, reason=LossReason.FIT, detail=""))
    closed.when(BARE).rejected(DealAlreadyOpened, "id")


def test_the_pipeline_must_exist() -> None:
    """A deal is in a pipeline of the tenant."""
    command = msgspec.structs.replace(BARE, pipeline_id=some_id("none"))
    message = tenant().when(command).rejected(PipelineNotFound, "pipelineId")
    assert str(some_id("none")) in message


def test_the_stage_must_be_of_the_pipeline() -> None:
    """A stage of nowhere is refused."""
    command = msgspec.structs.replace(BARE, stage_id=some_id("none"))
    tenant().when(command).rejected(StageNotInPipeline, "stageId")


@pytest.mark.parametrize("closed", [WON, LOST], ids=lambda stage: stage.name)
def test_a_deal_is_not_born_closed(closed: Any) -> None:
    """An open deal stands in an open stage."""
    tenant().when(msgspec.structs.replace(BARE, stage_id=closed.id)).rejected(StageOfOtherCategory, "stageId")


def test_no_deal_enters_a_retired_stage() -> None:
    """Naming a retired stage is refused."""
    retired = tenant().beside(pipeline.DECIDER, PIPELINE, PIPELINE_DEFINED, StageRetired(stage_id=TALKS.id))
    message = retired.when(FULL).rejected(StageIsRetired, "stageId")
    assert message == "stage 'Talks' is retired: name a stage that is in use"


def test_the_amount_is_in_the_pipelines_currency() -> None:
    """Another currency is refused."""
    command = msgspec.structs.replace(BARE, amount=Money(100, "EUR"))
    message = tenant().when(command).rejected(CurrencyNotOfPipeline, "amount.currency")
    assert message == "the pipeline is in USD: give the amount in it, not in EUR"


@pytest.mark.parametrize(
    ("field", "rejection", "path"),
    [
        ("account_id", AccountNotFound, "accountId"),
        ("owner_id", UserNotFound, "ownerId"),
        ("product_id", ProductNotFound, "productId"),
    ],
)
def test_what_a_deal_refers_to_must_exist(field: str, rejection: Any, path: str) -> None:
    """Account, owner and product are of the tenant, or not named."""
    command = msgspec.structs.replace(FULL, **{field: some_id("none")})
    tenant().when(command).rejected(rejection, path)


def test_an_archived_account_gets_no_new_deal() -> None:
    """Nothing new refers to an archived account."""
    archived = tenant().beside(account.DECIDER, ACCOUNT, ACCOUNT_OPENED, AccountArchived())
    archived.when(FULL).rejected(AccountIsArchived, "accountId")


def test_a_retired_product_gets_no_new_deal() -> None:
    """Nothing new refers to a retired product."""
    retired = tenant().beside(product.DECIDER, PRODUCT, PRODUCT_LISTED, ProductRetired())
    retired.when(FULL).rejected(ProductIsRetired, "productId")
