"""Events of a sales pipeline and its stages."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from event_schemas.registry import Event, event
from event_schemas.values import CurrencyCode, Name, Probability


class StageCategory(StrEnum):
    """What being in a stage means for a deal."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a pipeline."""

    id: UUID
    name: Name
    probability: Probability
    category: StageCategory


@event("pipeline.defined")
class PipelineDefined(Event, frozen=True, kw_only=True):
    """A pipeline with its first stages, in their order; its deals are all in one currency."""

    name: Name
    currency: CurrencyCode
    stages: tuple[Stage, ...]


@event("pipeline.renamed")
class PipelineRenamed(Event, frozen=True, kw_only=True):
    """The pipeline has another name."""

    name: Name


@event("pipeline.stage_added")
class StageAdded(Event, frozen=True, kw_only=True):
    """A stage was put before the one that had this index (0-based) among those in use, or last (index = their number).

    Retired stages stand after those in use and have no index.
    """

    stage: Stage
    index: Annotated[int, msgspec.Meta(ge=0, le=1000)]


@event("pipeline.stage_renamed")
class StageRenamed(Event, frozen=True, kw_only=True):
    """A stage has another name."""

    stage_id: UUID
    name: Name


@event("pipeline.stage_probability_changed")
class StageProbabilityChanged(Event, frozen=True, kw_only=True):
    """Deals of a stage are now expected to be won with another probability."""

    stage_id: UUID
    probability: Probability


@event("pipeline.stages_reordered")
class StagesReordered(Event, frozen=True, kw_only=True):
    """All stages that are not retired, in their new order."""

    stage_ids: tuple[UUID, ...]


@event("pipeline.stage_retired")
class StageRetired(Event, frozen=True, kw_only=True):
    """No deal may enter the stage any more; those in it stay."""

    stage_id: UUID
