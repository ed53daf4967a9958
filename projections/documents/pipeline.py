"""A sales pipeline with its stages as readers see it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from event_schemas.envelope import Recorded
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
from projections.documents.document import Document, Unfoldable, advance, unchanged


class PipelineStage(msgspec.Struct, frozen=True, kw_only=True):
    """One stage. Its rank is 0-based among the stages that are not retired; the retired ones come after."""

    id: UUID
    name: str
    probability: int
    category: StageCategory
    rank: int
    retired: bool


class Pipeline(Document, frozen=True, kw_only=True):
    """The columns of pipeline_list, and the stages in the order of their ranks."""

    id: UUID
    name: str
    currency: str
    defined_at: datetime
    stages: tuple[PipelineStage, ...]


def fold(document: Pipeline | None, recorded: Recorded[Event]) -> Pipeline | None:
    """The pipeline after one more event; raises Unfoldable."""
    event = recorded.event
    if document is None:
        return _defined(event, recorded) if isinstance(event, PipelineDefined) else unchanged(document, recorded)
    stages = document.stages
    match event:
        case PipelineRenamed():
            return advance(document, recorded, name=event.name)
        case StageAdded(stage=stage, index=index):
            return advance(document, recorded, stages=_ranked([*stages[:index], _new(stage), *stages[index:]]))
        case StageRenamed():
            return advance(document, recorded, stages=_changed(stages, event.stage_id, name=event.name))
        case StageProbabilityChanged():
            return advance(document, recorded, stages=_changed(stages, event.stage_id, probability=event.probability))
        case StagesReordered():
            return advance(document, recorded, stages=_reordered(stages, event.stage_ids))
        case StageRetired():
            return advance(document, recorded, stages=_ranked(_changed(stages, event.stage_id, retired=True)))
        case _:
            return unchanged(document, recorded)


def _defined(event: PipelineDefined, recorded: Recorded[Event]) -> Pipeline:
    return Pipeline(
        id=recorded.entity_id,
        name=event.name,
        currency=event.currency,
        defined_at=recorded.meta.occurred_at,
        stages=_ranked(_new(stage) for stage in event.stages),
        version=1,
        position=recorded.position,
    )


def _new(stage: Stage) -> PipelineStage:
    return PipelineStage(
        id=stage.id, name=stage.name, probability=stage.probability, category=stage.category, rank=0, retired=False
    )


def _ranked(stages: Iterable[PipelineStage]) -> tuple[PipelineStage, ...]:
    """In this order, the retired ones last."""
    in_order = sorted(stages, key=lambda stage: stage.retired)
    return tuple(msgspec.structs.replace(stage, rank=rank) for rank, stage in enumerate(in_order))


def _changed(stages: Sequence[PipelineStage], wanted: UUID, **fields: Any) -> tuple[PipelineStage, ...]:
    if all(stage.id != wanted for stage in stages):
        raise Unfoldable(f"the pipeline has no stage {wanted}")
    return tuple(msgspec.structs.replace(stage, **fields) if stage.id == wanted else stage for stage in stages)


def _reordered(stages: Sequence[PipelineStage], order: Sequence[UUID]) -> tuple[PipelineStage, ...]:
    in_use = {stage.id: stage for stage in stages if not stage.retired}
    if len(order) != len(in_use) or set(order) != set(in_use):
        raise Unfoldable("the new order does not name each stage in use once")
    return _ranked([*(in_use[stage] for stage in order), *(stage for stage in stages if stage.retired)])
