"""What deals must know of their pipeline: its currency, and its stages in order."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec

from event_schemas.pipeline import Stage, StageCategory
from event_schemas.values import CurrencyCode, Money, Name, Probability
from write_side.domain.errors import Rejected


class KnownStage(msgspec.Struct, frozen=True, kw_only=True):
    """A stage as it is now."""

    id: UUID
    name: Name
    probability: Probability
    category: StageCategory
    retired: bool = False


class PipelineShape(msgspec.Struct, frozen=True):
    """A pipeline's currency and stages; the retired stages stand after all others."""

    currency: CurrencyCode
    stages: tuple[KnownStage, ...]

    @property
    def active(self) -> tuple[KnownStage, ...]:
        """The stages that are not retired, in order."""
        return tuple(stage for stage in self.stages if not stage.retired)

    def find(self, stage_id: UUID) -> KnownStage | None:
        """The stage of an id, retired or not."""
        return next((stage for stage in self.stages if stage.id == stage_id), None)

    def first(self, category: StageCategory) -> KnownStage | None:
        """The first stage of a category that is not retired; a pipeline keeps one of each."""
        return next((stage for stage in self.stages if stage.category is category and not stage.retired), None)

    def added(self, stage: Stage, index: int) -> "PipelineShape":
        """With a further stage before the one that has this index."""
        return self._with([*self.stages[:index], in_use(stage), *self.stages[index:]])

    def changed(self, stage_id: UUID, **fields: Any) -> "PipelineShape":
        """With other fields of one stage, if there is such a stage."""
        replaced = (
            msgspec.structs.replace(stage, **fields) if stage.id == stage_id else stage for stage in self.stages
        )
        return self._with(replaced)

    def reordered(self, stage_ids: Sequence[UUID]) -> "PipelineShape":
        """With the stages in another order; what is not named keeps its place after those that are."""
        ranks = {stage_id: rank for rank, stage_id in enumerate(stage_ids)}
        return self._with(sorted(self.stages, key=lambda stage: ranks.get(stage.id, len(ranks))))

    def _with(self, stages: Iterable[KnownStage]) -> "PipelineShape":
        return PipelineShape(self.currency, tuple(sorted(stages, key=lambda stage: stage.retired)))


def in_use(stage: Stage) -> KnownStage:
    """A stage as it begins."""
    return KnownStage(id=stage.id, name=stage.name, probability=stage.probability, category=stage.category)


class StageNotInPipeline(Rejected):
    """The pipeline has no such stage."""

    field = "stageId"


class StageIsRetired(Rejected):
    """A retired stage accepts nothing more, and no deal may enter it."""

    field = "stageId"


class StageOfOtherCategory(Rejected):
    """An open deal stands in an open stage, a won one in a won stage, a lost one in a lost stage."""

    field = "stageId"


class CurrencyNotOfPipeline(Rejected):
    """All amounts of a pipeline's deals are in its currency."""

    field = "amount.currency"


def check_currency(amount: Money, currency: CurrencyCode, *, field: str | None = None) -> None:
    """Raises CurrencyNotOfPipeline."""
    if amount.currency != currency:
        message = f"the pipeline is in {currency}: give the amount in it, not in {amount.currency}"
        raise CurrencyNotOfPipeline(message, field=field)


def known_stage(shape: PipelineShape, stage_id: UUID) -> KnownStage:
    """The stage of an id, retired or not; raises StageNotInPipeline."""
    if (stage := shape.find(stage_id)) is None:
        raise StageNotInPipeline(f"stage {stage_id} is not of this pipeline: name one of its stages")
    return stage


def active_stage(shape: PipelineShape, stage_id: UUID) -> KnownStage:
    """The stage of an id; raises StageNotInPipeline or StageIsRetired."""
    stage = known_stage(shape, stage_id)
    if stage.retired:
        raise StageIsRetired(f"stage {stage.name!r} is retired: name a stage that is in use")
    return stage


def stage_to_enter(shape: PipelineShape, stage_id: UUID | None, category: StageCategory) -> UUID:
    """The stage that a deal may enter: the named one, or the first of the category; raises what makes it impossible."""
    if stage_id is None:
        if (first := shape.first(category)) is None:
            raise StageOfOtherCategory(f"the pipeline has no {category} stage in use: add one")
        return first.id
    stage = active_stage(shape, stage_id)
    if stage.category is not category:
        raise StageOfOtherCategory(
            f"stage {stage.name!r} is for {stage.category} deals: name one of category {category}"
        )
    return stage.id
