"""Rules that the stages of one pipeline keep between them, when it is defined and ever after."""

from collections.abc import Collection, Sequence
from uuid import UUID

from event_schemas.pipeline import Stage, StageCategory
from write_side.domain.errors import Rejected
from write_side.domain.stages import KnownStage, PipelineShape

MAX_STAGES = 50
"""How many stages of a pipeline may be in use at once."""
FIXED = {StageCategory.WON: 100, StageCategory.LOST: 0}
"""What is won is certain, what is lost is out: their probabilities (per cent) are not for choosing."""


class StageCategoryMissing(Rejected):
    """A pipeline has at least one open, one won and one lost stage."""

    field = "stages"


class LastStageOfCategory(Rejected):
    """The only open, won or lost stage in use cannot be retired."""

    field = "stageId"


class TooManyStages(Rejected):
    """A pipeline has at most MAX_STAGES stages in use."""


class StageNameTaken(Rejected):
    """Stages in use of one pipeline differ in their names, whatever the case of the letters."""


class StageIdTaken(Rejected):
    """The pipeline has, or had, another stage with this id."""


class StageProbabilityFixed(Rejected):
    """Won stages are at 100 %, lost ones at 0 %."""


def check_all(stages: Sequence[Stage]) -> None:
    """Raises what is wrong with the stages that a pipeline is to begin with."""
    for index, stage in enumerate(stages):
        check_added(stage, before := stages[:index], {other.id for other in before}, field=f"stages.{index}")
    if missing := [category for category in StageCategory if all(stage.category is not category for stage in stages)]:
        raise StageCategoryMissing(f"the pipeline has no {' and no '.join(missing)} stage: give it one of each")


def check_added(stage: Stage, in_use: Sequence[Stage | KnownStage], all_ids: Collection[UUID], *, field: str) -> None:
    """Raises what is wrong with a stage beside others; ``field`` is where the client sent it."""
    if stage.id in all_ids:
        raise StageIdTaken(f"another stage has the id {stage.id}: take another id, or none", field=f"{field}.id")
    check_name(stage.name, in_use, field=f"{field}.name")
    check_probability(stage.probability, stage.category, field=f"{field}.probability")


def check_number(stages: int, *, field: str) -> None:
    """Raises TooManyStages."""
    if stages > MAX_STAGES:
        raise TooManyStages(f"{stages} stages are more than {MAX_STAGES}: leave out or retire some", field=field)


def check_name(name: str, others: Sequence[Stage | KnownStage], *, field: str) -> None:
    """Raises StageNameTaken."""
    if any(other.name.casefold() == name.casefold() for other in others):
        raise StageNameTaken(f"the pipeline has a stage named {name!r}: choose another name", field=field)


def check_probability(probability: int, category: StageCategory, *, field: str) -> None:
    """Raises StageProbabilityFixed."""
    if FIXED.get(category, probability) != probability:
        raise StageProbabilityFixed(f"a {category} stage is at {FIXED[category]} %: give it that", field=field)


def check_not_last(stage: KnownStage, shape: PipelineShape) -> None:
    """Raises LastStageOfCategory."""
    if all(other.category is not stage.category or other.id == stage.id for other in shape.active):
        raise LastStageOfCategory(
            f"stage {stage.name!r} is the last {stage.category} one: add another {stage.category} stage first"
        )
