"""The views of deals: exactly these changes for these events."""

from datetime import date, datetime, timedelta
from uuid import UUID

from event_schemas.deal import (
    DealAccountChanged,
    DealAmountChanged,
    DealContactLinked,
    DealContactUnlinked,
    DealLineItemsSet,
    DealLost,
    DealReopened,
    DealStageChanged,
    DealWon,
    LineItem,
    LossReason,
)
from projections.changes import Change, Delete, Patch, Put, Row
from projections.views import deal_board, deal_stage_history
from tests.support.events import DEMO, NOON, Log, some_id
from tests.support.histories import ENGAGING, LOST, PIPELINE, PROSPECTING, WON, deal_opened, usd
from tests.support.projecting import changes_of

DEAL = some_id("deal")
OPENED_ROW: Row = {
    "tenant": DEMO,
    "id": DEAL,
    "name": "Crane 7",
    "pipeline_id": PIPELINE,
    "stage_id": PROSPECTING,
    "status": "open",
    "amount_minor": 5_500_00,
    "currency": "USD",
    "account_id": some_id("account 1"),
    "owner_id": some_id("user 1"),
    "product_id": some_id("product 1"),
    "expected_close": date(2017, 9, 30),
    "opened_at": NOON,
    "closed_at": None,
    "stage_entered_at": NOON,
    "loss_reason": None,
    "loss_detail": None,
    "line_items": "[]",
    "version": 1,
    "position": 1,
}


def minutes(count: int) -> datetime:
    """The moment of the event that the log has after so many others."""
    return NOON + timedelta(minutes=count)


def stay(entry: int, stage: UUID, since: int) -> Put:
    """A stay that has not ended."""
    row: Row = {"deal_id": DEAL, "entry": entry, "stage_id": stage, "entered_at": minutes(since), "left_at": None}
    return Put("deal_stage_history", (DEMO, DEAL, entry), {"tenant": DEMO, **row})


def test_deal_board_shows_the_deal_as_it_was_opened() -> None:
    """The first event puts a whole row."""
    log = Log()
    log.append("deal", DEAL, deal_opened())
    assert changes_of(deal_board, log.events) == [(Put("deal_board", (DEMO, DEAL), OPENED_ROW),)]


def test_deal_board_shows_a_lost_deal_with_its_reason_until_it_is_reopened() -> None:
    """Losing sets status, stage, reason and close; reopening takes the last three back."""
    log = Log()
    log.append("deal", DEAL, deal_opened())
    log.append("deal", DEAL, DealLost(stage_id=LOST, reason=LossReason.PRICE, detail="too dear"))
    log.append("deal", DEAL, DealReopened(stage_id=ENGAGING))
    lost: Row = OPENED_ROW | {
        "stage_id": LOST,
        "status": "lost",
        "closed_at": minutes(1),
        "stage_entered_at": minutes(1),
        "loss_reason": "price",
        "loss_detail": "too dear",
        "version": 2,
        "position": 2,
    }
    reopened = OPENED_ROW | {"stage_id": ENGAGING, "stage_entered_at": minutes(2), "version": 3, "position": 3}
    assert changes_of(deal_board, log.events)[1:] == [
        (Put("deal_board", (DEMO, DEAL), lost),),
        (Put("deal_board", (DEMO, DEAL), reopened),),
    ]


def test_deal_board_shows_a_won_deal_with_what_it_was_won_for() -> None:
    """Winning sets status, stage, close and amount."""
    log = Log()
    log.append("deal", DEAL, deal_opened())
    log.append("deal", DEAL, DealWon(stage_id=WON, amount=usd(9)))
    won: Row = {"stage_id": WON, "status": "won", "closed_at": minutes(1), "stage_entered_at": minutes(1)}
    row = OPENED_ROW | won | {"amount_minor": 9, "version": 2, "position": 2}
    assert changes_of(deal_board, log.events)[1] == (Put("deal_board", (DEMO, DEAL), row),)


def test_deal_board_shows_what_a_deal_consists_of_and_its_sum_as_its_amount() -> None:
    """The items as JSON, amounts in minor units of the deal's currency; without items the amount stays."""
    log = Log()
    log.append("deal", DEAL, deal_opened())
    item = LineItem(product_id=some_id("product 1"), quantity=3, unit_price=usd(100), discount=10_00)
    log.append("deal", DEAL, DealLineItemsSet(items=(item,), amount=usd(270)))
    log.append("deal", DEAL, DealLineItemsSet(items=(), amount=usd(270)))
    items = f'[{{"product_id":"{some_id("product 1")}","quantity":3,"unit_price_minor":100,"discount":1000}}]'
    row = OPENED_ROW | {"line_items": items, "amount_minor": 270, "version": 2, "position": 2}
    assert changes_of(deal_board, log.events)[1:] == [
        (Put("deal_board", (DEMO, DEAL), row),),
        (Put("deal_board", (DEMO, DEAL), row | {"line_items": "[]", "version": 3, "position": 3}),),
    ]


def test_deal_board_shows_the_account_that_the_deal_moved_to() -> None:
    """Another one, or none."""
    log = Log()
    log.append("deal", DEAL, deal_opened(), DealAccountChanged(account_id=None))
    row = OPENED_ROW | {"account_id": None, "version": 2, "position": 2}
    assert changes_of(deal_board, log.events)[1] == (Put("deal_board", (DEMO, DEAL), row),)


def test_deal_contacts_are_those_that_take_part_now() -> None:
    """A second link changes the role, not the beginning; who left has no row; what did not change is not written."""
    ada, bo = some_id("ada"), some_id("bo")
    log = Log()
    for event in (
        deal_opened(),
        DealContactLinked(contact_id=ada, role=None),
        DealContactLinked(contact_id=bo, role="Boss"),
        DealContactLinked(contact_id=ada, role="Buyer"),
        DealAmountChanged(amount=usd(1)),
        DealContactUnlinked(contact_id=ada),
    ):
        log.append("deal", DEAL, event)

    def linked(contact: UUID, role: str | None, since: int) -> Change:
        row: Row = {"tenant": DEMO, "deal_id": DEAL, "contact_id": contact, "role": role, "since": minutes(since)}
        return Put("deal_contacts", (DEMO, DEAL, contact), row)

    assert [changes[1:] for changes in changes_of(deal_board, log.events)] == [
        (),
        (linked(ada, None, 1),),
        (linked(bo, "Boss", 2),),
        (linked(ada, "Buyer", 1),),
        (),
        (Delete("deal_contacts", (DEMO, DEAL, ada)),),
    ]


def test_deal_stage_history_ends_a_stay_when_the_next_begins() -> None:
    """Each change of stage, closing and reopening too, is a new stay; what leaves the deal in its stage is none."""
    log = Log()
    log.append("deal", DEAL, deal_opened())
    log.append("deal", DEAL, DealAmountChanged(amount=usd(1)))
    log.append("deal", DEAL, DealStageChanged(stage_id=ENGAGING))
    log.append("deal", DEAL, DealWon(stage_id=WON, amount=usd(9)))
    log.append("deal", DEAL, DealReopened(stage_id=ENGAGING))
    assert changes_of(deal_stage_history, log.events) == [
        (stay(1, PROSPECTING, 0),),
        (),
        (Patch("deal_stage_history", (DEMO, DEAL, 1), {"left_at": minutes(2)}), stay(2, ENGAGING, 2)),
        (Patch("deal_stage_history", (DEMO, DEAL, 2), {"left_at": minutes(3)}), stay(3, WON, 3)),
        (Patch("deal_stage_history", (DEMO, DEAL, 3), {"left_at": minutes(4)}), stay(4, ENGAGING, 4)),
    ]
