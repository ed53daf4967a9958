"""A deal: opened in a pipeline, moved through its stages, won or lost, perhaps reopened."""

from datetime import date
from typing import ClassVar, assert_never
from uuid import UUID

import msgspec
from msgspec.structs import asdict, replace

from event_schemas.deal import (
    DealAmountChanged,
    DealCloseDateChanged,
    DealLineItemsSet,
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
from write_side.domain import deal_contents
from write_side.domain.deal_contents import PARTY_EVENTS, Contents, Parties, SetDealLineItems
from write_side.domain.decider import Command, Context, Decider, Ref
from write_side.domain.errors import Rejected
from write_side.domain.references import Standing, absent, named, require
from write_side.domain.stages import PipelineShape, check_currency, stage_to_enter

CATEGORY = "deal"
CHANGES = (DealStageChanged, DealAmountChanged, DealCloseDateChanged, DealOwnerChanged, DealProductChanged)
"""What an open deal goes through without being closed. The fields of these events are named as the deal's."""
NAMED = {f"{kind}_id": kind for kind in ("account", "contact", "pipeline", "product")} | {"owner_id": "user"}
"""Field of a command -> the kind of entity that it names."""


class NotOpened(msgspec.Struct, frozen=True):
    """No such deal."""

    standing: ClassVar = Standing.ABSENT


class Known(msgspec.Struct, frozen=True):
    """What every deal has that was ever opened."""

    standing: ClassVar = Standing.ACTIVE
    opened: DealOpened
    now: DealOpened
    """What holds now, in the shape in which it was opened."""
    contents: Contents = Contents()


class Open(Known, frozen=True):
    """It may still be won."""


class Won(Known, frozen=True):
    """It was won."""


class Lost(Known, frozen=True, kw_only=True):
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
Commands = OpenDeal | Change | WinDeal | LoseDeal | ReopenDeal | Parties | SetDealLineItems


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
        case Open(opened, now, contents), DealWon():
            return Won(opened, replace(now, **asdict(event)), contents)
        case Open(opened, now, contents), DealLost(stage_id=stage_id, reason=reason, detail=detail):
            return Lost(opened, replace(now, stage_id=stage_id), contents, reason=reason, detail=detail)
        case Open(_, now), _ if isinstance(event, CHANGES):
            return replace(state, now=replace(now, **asdict(event)))
        case Open(_, now, contents), DealLineItemsSet(items=items, amount=amount):
            return replace(state, now=replace(now, amount=amount), contents=replace(contents, items=items))
        case ((Won(opened, now, contents) | Lost(opened, now, contents)), DealReopened()):
            return Open(opened, replace(now, stage_id=event.stage_id), contents)
        case ((Open() | Won() | Lost()), _) if isinstance(event, PARTY_EVENTS):
            now, contents = deal_contents.evolve_parties(state.now, state.contents, event)
            return replace(state, now=now, contents=contents)
        case ((NotOpened() | Open() | Won() | Lost()), _):
            return state
        case _:
            assert_never(state)


def reads(command: Commands, state: State) -> tuple[Ref, ...]:
    """The pipeline where a stage is entered, and whatever the command names."""
    if isinstance(command, ChangeDealStage | WinDeal | LoseDeal | ReopenDeal):
        return () if isinstance(state, NotOpened) else named(pipeline=state.opened.pipeline_id)
    if isinstance(command, SetDealLineItems):
        return tuple(Ref("product", product) for product in {item.product_id for item in command.items})
    return named(**{kind: getattr(command, field, None) for field, kind in NAMED.items()})


def decide(command: Commands, state: State, context: Context) -> tuple[Event, ...]:
    """Events of a command; () when the deal already is as the command wants it."""
    if isinstance(command, Parties) and not isinstance(state, NotOpened):
        return deal_contents.decide_parties(command, state.now.account_id, state.contents, context)
    match state:
        case NotOpened():
            if isinstance(command, OpenDeal):
                return _open(command, context)
            raise absent(CATEGORY, command.id)
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
    fields = {**asdict(command), "stage_id": stage_id}
    return DealOpened(**{name: fields[name] for name in DealOpened.__struct_fields__})


def _decide_open(command: Commands, state: Open, context: Context) -> tuple[Event, ...]:
    now = state.now
    match command:
        case OpenDeal():
            return _open_again(command, state.opened)
        case WinDeal():
            amount = command.amount or now.amount
            check_currency(amount, now.amount.currency)
            deal_contents.check_amount(amount, now.amount, state.contents)
            return (DealWon(stage_id=_enter(command.stage_id, now, context, StageCategory.WON), amount=amount),)
        case LoseDeal():
            stage_id = _enter(command.stage_id, now, context, StageCategory.LOST)
            return (DealLost(stage_id=stage_id, reason=command.reason, detail=command.detail),)
        case ReopenDeal():
            if command.stage_id in (None, now.stage_id):
                return ()
            raise DealNotClosed("the deal is open: change its stage instead")
        case SetDealLineItems():
            return deal_contents.set_items(command, now.amount, state.contents, context)
        case _:
            return _change(command, state, context)


def _change(command: Change | Parties, state: Open, context: Context) -> tuple[Event, ...]:
    now = state.now
    match command:
        case ChangeDealStage(stage_id=stage_id) if stage_id != now.stage_id:
            return (DealStageChanged(stage_id=_enter(stage_id, now, context, StageCategory.OPEN)),)
        case ChangeDealAmount(amount=amount) if amount != now.amount:
            check_currency(amount, now.amount.currency)
            deal_contents.check_amount(amount, now.amount, state.contents)
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
