"""A deal: opened in a pipeline, moved through its stages, won or lost, perhaps reopened."""

from datetime import date
from typing import ClassVar, assert_never
from uuid import UUID

import msgspec
from msgspec.structs import asdict, replace

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
from event_schemas.pipeline import StageCategory
from event_schemas.registry import Event
from event_schemas.values import Money, Name, Text
from write_side.domain.decider import Command, Context, Decider, Ref
from write_side.domain.errors import Rejected
from write_side.domain.references import Standing, named, require
from write_side.domain.stages import PipelineShape, check_currency, stage_to_enter

CATEGORY = "deal"
CHANGES = (DealStageChanged, DealAmountChanged, DealCloseDateChanged, DealOwnerChanged, DealProductChanged)
"""What an open deal goes through without being closed. The fields of these events are named as the deal's."""


class NotOpened(msgspec.Struct, frozen=True):
    """No such deal."""

    standing: ClassVar = Standing.ABSENT


class Known(msgspec.Struct, frozen=True):
    """What every deal has that was ever opened."""

    standing: ClassVar = Standing.ACTIVE
    opened: DealOpened
    now: DealOpened
    """What holds now, in the shape in which it was opened."""


class Open(Known, frozen=True):
    """It may still be won."""


class Won(Known, frozen=True):
    """It was won."""


class Lost(Known, frozen=True):
    """It was lost."""

    reason: LossReason
    detail: Text


State = NotOpened | Open | Won | Lost


class OpenDeal(Command, frozen=True, kw_only=True):
    """Enter a deal into a pipeline, in its first open stage unless another is given."""

    name: Name
    pipeline_id: UUID
    stage_id: UUID | None = None
    amount: Money
    account_id: UUID | None = None
    owner_id: UUID | None = None
    product_id: UUID | None = None
    expected_close: date | None = None


class ChangeDealStage(Command, frozen=True, kw_only=True):
    """Move an open deal to another open stage, forward, back or skipping."""

    stage_id: UUID


class ChangeDealAmount(Command, frozen=True, kw_only=True):
    """Expect another amount, in the pipeline's currency."""

    amount: Money


class ChangeDealCloseDate(Command, frozen=True, kw_only=True):
    """Expect the deal to close on another day, or on none that is known."""

    expected_close: date | None


class ChangeDealOwner(Command, frozen=True, kw_only=True):
    """Give the deal to another user, or to nobody."""

    owner_id: UUID | None


class ChangeDealProduct(Command, frozen=True, kw_only=True):
    """Make the deal about another product, or about none."""

    product_id: UUID | None


class WinDeal(Command, frozen=True, kw_only=True):
    """Close the deal as won, for the expected amount and in the first won stage unless others are given."""

    amount: Money | None = None
    stage_id: UUID | None = None


class LoseDeal(Command, frozen=True, kw_only=True):
    """Close the deal as lost, in the first lost stage unless another is given."""

    reason: LossReason
    detail: Text = ""
    stage_id: UUID | None = None


class ReopenDeal(Command, frozen=True, kw_only=True):
    """Work on a closed deal again, in the first open stage unless another is given."""

    stage_id: UUID | None = None


Change = ChangeDealStage | ChangeDealAmount | ChangeDealCloseDate | ChangeDealOwner | ChangeDealProduct
Commands = OpenDeal | Change | WinDeal | LoseDeal | ReopenDeal


class DealNotFound(Rejected):
    """The deal was never opened, or belongs to somebody else."""


class DealAlreadyOpened(Rejected):
    """A deal with this id was opened with other content."""

    field = "id"


class DealIsClosed(Rejected):
    """A won or lost deal accepts nothing but being reopened."""


class DealNotClosed(Rejected):
    """Only a won or lost deal can be reopened."""


initial_state: State = NotOpened()


def evolve(state: State, _entity: UUID, event: Event) -> State:
    """State after an event."""
    match state, event:
        case NotOpened(), DealOpened():
            return Open(event, event)
        case Open(opened, now), DealWon():
            return Won(opened, replace(now, **asdict(event)))
        case Open(opened, now), DealLost():
            return Lost(opened, replace(now, stage_id=event.stage_id), event.reason, event.detail)
        case Open(opened, now), _ if isinstance(event, CHANGES):
            return Open(opened, replace(now, **asdict(event)))
        case ((Won(opened, now) | Lost(opened, now)), DealReopened()):
            return Open(opened, replace(now, stage_id=event.stage_id))
        case ((NotOpened() | Open() | Won() | Lost()), _):
            return state
        case _:
            assert_never(state)


def reads(command: Commands, state: State) -> tuple[Ref, ...]:
    """The pipeline where a stage is entered, and whatever the command names."""
    match command:
        case OpenDeal(pipeline_id=pipeline, account_id=account, owner_id=owner, product_id=product):
            return named(pipeline=pipeline, account=account, user=owner, product=product)
        case ChangeDealOwner():
            return named(user=command.owner_id)
        case ChangeDealProduct():
            return named(product=command.product_id)
        case ChangeDealStage() | WinDeal() | LoseDeal() | ReopenDeal() if not isinstance(state, NotOpened):
            return named(pipeline=state.opened.pipeline_id)
        case _:
            return ()


def decide(command: Commands, state: State, context: Context) -> tuple[Event, ...]:
    """Events of a command; () when the deal already is as the command wants it."""
    match state:
        case NotOpened():
            if isinstance(command, OpenDeal):
                return _open(command, context)
            raise DealNotFound(f"deal {command.id} does not exist: open it first")
        case Open():
            return _decide_open(command, state, context)
        case Won() | Lost():
            return _decide_closed(command, state, context)
        case _:
            assert_never(state)


def _open(command: OpenDeal, context: Context) -> tuple[Event, ...]:
    shape: PipelineShape = require(context, "pipeline", command.pipeline_id, field="pipelineId").shape
    require(context, "account", command.account_id, field="accountId")
    require(context, "user", command.owner_id, field="ownerId")
    require(context, "product", command.product_id, field="productId")
    check_currency(command.amount, shape.currency)
    return (_opened(command, stage_to_enter(shape, command.stage_id, StageCategory.OPEN)),)


def _open_again(command: OpenDeal, opened: DealOpened) -> tuple[Event, ...]:
    """A repeat decides nothing, whatever the deal went through since."""
    if _opened(command, command.stage_id or opened.stage_id) != opened:
        raise DealAlreadyOpened(f"deal {command.id} was opened with other content: change it, or take another id")
    return ()


def _opened(command: OpenDeal, stage_id: UUID) -> DealOpened:
    return DealOpened(
        name=command.name,
        pipeline_id=command.pipeline_id,
        stage_id=stage_id,
        amount=command.amount,
        account_id=command.account_id,
        owner_id=command.owner_id,
        product_id=command.product_id,
        expected_close=command.expected_close,
    )


def _decide_open(command: Commands, state: Open, context: Context) -> tuple[Event, ...]:
    now = state.now
    match command:
        case OpenDeal():
            return _open_again(command, state.opened)
        case WinDeal():
            amount = command.amount or now.amount
            check_currency(amount, now.amount.currency)
            return (DealWon(stage_id=_enter(command.stage_id, now, context, StageCategory.WON), amount=amount),)
        case LoseDeal():
            stage_id = _enter(command.stage_id, now, context, StageCategory.LOST)
            return (DealLost(stage_id=stage_id, reason=command.reason, detail=command.detail),)
        case ReopenDeal():
            if command.stage_id in (None, now.stage_id):
                return ()
            raise DealNotClosed("the deal is open: change its stage instead")
        case _:
            return _change(command, now, context)


def _change(command: Change, now: DealOpened, context: Context) -> tuple[Event, ...]:
    match command:
        case ChangeDealStage(stage_id=stage_id) if stage_id != now.stage_id:
            return (DealStageChanged(stage_id=_enter(stage_id, now, context, StageCategory.OPEN)),)
        case ChangeDealAmount(amount=amount) if amount != now.amount:
            check_currency(amount, now.amount.currency)
            return (DealAmountChanged(amount=amount),)
        case ChangeDealCloseDate(expected_close=day) if day != now.expected_close:
            return (DealCloseDateChanged(expected_close=day),)
        case ChangeDealOwner(owner_id=owner) if owner != now.owner_id:
            require(context, "user", owner, field="ownerId")
            return (DealOwnerChanged(owner_id=owner),)
        case ChangeDealProduct(product_id=product) if product != now.product_id:
            require(context, "product", product, field="productId")
            return (DealProductChanged(product_id=product),)
        case _:
            return ()


def _decide_closed(command: Commands, state: Won | Lost, context: Context) -> tuple[Event, ...]:
    now = state.now
    match command, state:
        case OpenDeal(), _:
            return _open_again(command, state.opened)
        case ReopenDeal(), _:
            return (DealReopened(stage_id=_enter(command.stage_id, now, context, StageCategory.OPEN)),)
        case WinDeal(), Won():
            if command.amount in (None, now.amount) and command.stage_id in (None, now.stage_id):
                return ()
        case LoseDeal(), Lost(reason=reason, detail=detail):
            if (command.reason, command.detail) == (reason, detail) and command.stage_id in (None, now.stage_id):
                return ()
    how = "won" if isinstance(state, Won) else "lost"
    raise DealIsClosed(f"the deal is {how}: reopen it before you change it")


def _enter(stage_id: UUID | None, now: DealOpened, context: Context, category: StageCategory) -> UUID:
    """The stage to enter in the deal's own pipeline."""
    pipeline = require(context, "pipeline", now.pipeline_id, field="pipelineId")
    return stage_to_enter(pipeline.shape, stage_id, category)


DECIDER: Decider[Commands, State] = Decider(
    category=CATEGORY, initial_state=initial_state, evolve=evolve, decide=decide, reads=reads
)
