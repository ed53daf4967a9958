"""A pipeline: defined with its stages; stages are added, renamed, weighed anew, reordered and retired."""

from collections.abc import Collection, Sequence
from typing import ClassVar, assert_never
from uuid import UUID, uuid5

import msgspec
from msgspec.structs import replace

from event_schemas.pipeline import (
    PipelineDefined,
    PipelineRenamed,
    Stage,
    StageAdded,
    StageCategory,
    StageProbabilityChanged,
    StageRenamed,
    StageRetired,
    StagesReordered,
)
from event_schemas.registry import Event
from event_schemas.values import CurrencyCode, Name, Probability
from write_side.domain.decider import Command, Context, Decider
from write_side.domain.errors import Rejected
from write_side.domain.references import Standing, absent
from write_side.domain.stage_rules import (
    check_added,
    check_all,
    check_name,
    check_not_last,
    check_number,
    check_probability,
)
from write_side.domain.stages import PipelineShape, active_stage, in_use, known_stage

CATEGORY = "pipeline"


class NotDefined(msgspec.Struct, frozen=True):
    """No such pipeline."""

    standing: ClassVar = Standing.ABSENT


class Defined(msgspec.Struct, frozen=True, kw_only=True):
    """The pipeline exists."""

    standing: ClassVar = Standing.ACTIVE
    defined: PipelineDefined
    name: Name
    shape: PipelineShape


State = NotDefined | Defined


class NewStage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stage to be; without an id it gets one that follows from pipeline and name."""

    name: Name
    probability: Probability
    category: StageCategory
    id: UUID | None = None


class DefinePipeline(Command, frozen=True, kw_only=True):
    """Set up a pipeline with its stages in order."""

    name: Name
    currency: CurrencyCode
    stages: tuple[NewStage, ...]


class RenamePipeline(Command, frozen=True, kw_only=True):
    """Give the pipeline another name."""

    name: Name


class AddStage(Command, frozen=True, kw_only=True):
    """Put a stage before the one that has this index (0-based) among the stages in use; without an index, last."""

    stage: NewStage
    index: int | None = None


class RenameStage(Command, frozen=True, kw_only=True):
    """Give a stage another name."""

    stage_id: UUID
    name: Name


class ChangeStageProbability(Command, frozen=True, kw_only=True):
    """Expect deals of an open stage to be won with another probability."""

    stage_id: UUID
    probability: Probability


class ReorderStages(Command, frozen=True, kw_only=True):
    """Put all stages in use into another order."""

    stage_ids: tuple[UUID, ...]


class RetireStage(Command, frozen=True, kw_only=True):
    """Let no deal enter the stage any more; those in it stay."""

    stage_id: UUID


Commands = (
    DefinePipeline | RenamePipeline | AddStage | RenameStage | ChangeStageProbability | ReorderStages | RetireStage
)


class PipelineAlreadyDefined(Rejected):
    """A pipeline with this id was defined with other content."""

    field = "id"


class StageIndexOutOfRange(Rejected):
    """A stage is put before one of the stages in use, or after the last."""

    field = "index"


class StageOrderIncomplete(Rejected):
    """An order names each stage in use once, and no other."""

    field = "stageIds"


initial_state: State = NotDefined()


def evolve(state: State, _entity: UUID, event: Event) -> State:
    """State after an event."""
    match state, event:
        case NotDefined(), PipelineDefined():
            shape = PipelineShape(event.currency, tuple(in_use(stage) for stage in event.stages))
            return Defined(defined=event, name=event.name, shape=shape)
        case Defined(), PipelineRenamed():
            return replace(state, name=event.name)
        case Defined(), _:
            return replace(state, shape=_shape_after(state.shape, event))
        case NotDefined(), _:
            return state
        case _:
            assert_never(state)


def _shape_after(shape: PipelineShape, event: Event) -> PipelineShape:
    match event:
        case StageAdded():
            return shape.added(event.stage, event.index)
        case StageRenamed():
            return shape.changed(event.stage_id, name=event.name)
        case StageProbabilityChanged():
            return shape.changed(event.stage_id, probability=event.probability)
        case StagesReordered():
            return shape.reordered(event.stage_ids)
        case StageRetired():
            return shape.changed(event.stage_id, retired=True)
        case _:
            return shape


def decide(command: Commands, state: State, _context: Context) -> tuple[Event, ...]:
    """Events of a command; () when the pipeline already is as the command wants it."""
    match state:
        case NotDefined():
            if isinstance(command, DefinePipeline):
                return (_defined(command),)
            raise absent(CATEGORY, command.id)
        case Defined():
            return _decide_defined(command, state)
        case _:
            assert_never(state)


def _decide_defined(command: Commands, state: Defined) -> tuple[Event, ...]:
    shape = state.shape
    match command:
        case DefinePipeline():
            if _defined(command) != state.defined:
                raise PipelineAlreadyDefined(
                    f"pipeline {command.id} was defined otherwise: change it, or take another id"
                )
            return ()
        case RenamePipeline(name=name):
            return () if name == state.name else (PipelineRenamed(name=name),)
        case AddStage():
            return _add(command, shape)
        case RenameStage():
            return _rename(command, shape)
        case ChangeStageProbability():
            return _weigh(command, shape)
        case ReorderStages():
            return _reorder(command.stage_ids, shape)
        case RetireStage():
            return _retire(command.stage_id, shape)
        case _:
            assert_never(command)


def _defined(command: DefinePipeline) -> PipelineDefined:
    check_number(len(command.stages), field="stages")
    stages: list[Stage] = []
    for new in command.stages:
        stages.append(_identified(command.id, new, {stage.id for stage in stages}))
    check_all(stages)
    return PipelineDefined(name=command.name, currency=command.currency, stages=tuple(stages))


def _identified(pipeline: UUID, new: NewStage, taken: Collection[UUID]) -> Stage:
    """With uuid5(pipeline, name) as id, or one derived further when a stage since renamed or retired has that one."""
    stage_id = new.id or uuid5(pipeline, new.name)
    while new.id is None and stage_id in taken:
        stage_id = uuid5(stage_id, new.name)
    return Stage(id=stage_id, name=new.name, probability=new.probability, category=new.category)


def _add(command: AddStage, shape: PipelineShape) -> tuple[Event, ...]:
    new, active = command.stage, shape.active
    wanted = (new.name, new.probability, new.category)
    for stage in active:
        if new.id in (None, stage.id) and (stage.name, stage.probability, stage.category) == wanted:
            return ()
    all_ids = {stage.id for stage in shape.stages}
    added = _identified(command.id, new, all_ids)
    check_added(added, active, all_ids, field="stage")
    check_number(len(active) + 1, field="stage")
    index = len(active) if command.index is None else command.index
    if not 0 <= index <= len(active):
        raise StageIndexOutOfRange(f"index {index} is not of 0 to {len(active)}, the number of stages in use")
    return (StageAdded(stage=added, index=index),)


def _rename(command: RenameStage, shape: PipelineShape) -> tuple[Event, ...]:
    if known_stage(shape, command.stage_id).name == command.name:
        return ()
    stage = active_stage(shape, command.stage_id)
    check_name(command.name, [other for other in shape.active if other is not stage], field="name")
    return (StageRenamed(stage_id=stage.id, name=command.name),)


def _weigh(command: ChangeStageProbability, shape: PipelineShape) -> tuple[Event, ...]:
    if known_stage(shape, command.stage_id).probability == command.probability:
        return ()
    stage = active_stage(shape, command.stage_id)
    check_probability(command.probability, stage.category, field="probability")
    return (StageProbabilityChanged(stage_id=stage.id, probability=command.probability),)


def _reorder(stage_ids: Sequence[UUID], shape: PipelineShape) -> tuple[Event, ...]:
    present = [stage.id for stage in shape.active]
    if list(stage_ids) == present:
        return ()
    if sorted(stage_ids) != sorted(present):
        raise StageOrderIncomplete(f"name each of the {len(present)} stages in use once, and no other stage")
    return (StagesReordered(stage_ids=tuple(stage_ids)),)


def _retire(stage_id: UUID, shape: PipelineShape) -> tuple[Event, ...]:
    stage = known_stage(shape, stage_id)
    if stage.retired:
        return ()
    check_not_last(stage, shape)
    return (StageRetired(stage_id=stage_id),)


DECIDER: Decider[Commands, State] = Decider(
    category=CATEGORY, initial_state=initial_state, evolve=evolve, decide=decide
)
