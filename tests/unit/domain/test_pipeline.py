"""Defining and renaming a pipeline."""

from typing import Any
from uuid import uuid5

import msgspec
import pytest

from event_schemas.pipeline import PipelineDefined, PipelineRenamed, Stage, StageCategory, StageRetired
from tests.support.events import some_id
from tests.support.examples import LOST, NEW, PIPELINE, PIPELINE_DEFINED, TALKS, WON
from tests.support.scenario import given
from write_side.domain import pipeline
from write_side.domain.pipeline import (
    AddStage,
    ChangeStageProbability,
    DefinePipeline,
    NewStage,
    PipelineAlreadyDefined,
    RenamePipeline,
    RenameStage,
    ReorderStages,
    RetireStage,
)
from write_side.domain.references import PipelineNotFound
from write_side.domain.stage_rules import (
    StageCategoryMissing,
    StageIdTaken,
    StageNameTaken,
    StageProbabilityFixed,
    TooManyStages,
)


def wish(stage: Stage, **other: Any) -> NewStage:
    """The stage as a command asks for it, or a variation."""
    return NewStage(**{**msgspec.structs.asdict(stage), **other})


def define(*stages: NewStage) -> DefinePipeline:
    """The command."""
    return DefinePipeline(id=PIPELINE, name="Sales", currency="USD", stages=stages)


ALL = (wish(NEW), wish(TALKS), wish(WON), wish(LOST))
DEFINE = define(*ALL)


def test_a_pipeline_is_defined() -> None:
    """With its stages in the order given."""
    given(pipeline.DECIDER).when(DEFINE).then(PIPELINE_DEFINED)


def test_stages_get_ids_that_follow_from_their_names() -> None:
    """A stage without an id has uuid5(pipeline, name), so that defining again is a repeat."""
    command = define(*(wish(stage, id=None) for stage in (NEW, WON, LOST)))
    stages = tuple(msgspec.structs.replace(stage, id=uuid5(PIPELINE, stage.name)) for stage in (NEW, WON, LOST))
    given(pipeline.DECIDER).when(command).then(PipelineDefined(name="Sales", currency="USD", stages=stages))


def test_an_id_that_was_chosen_is_not_given_again() -> None:
    """Where a chosen id is what another stage's would be, that one gets another."""
    chosen = uuid5(PIPELINE, "Won")
    command = define(wish(NEW, id=chosen), wish(WON, id=None), wish(LOST))
    stages = (
        msgspec.structs.replace(NEW, id=chosen),
        msgspec.structs.replace(WON, id=uuid5(chosen, "Won")),
        LOST,
    )
    given(pipeline.DECIDER).when(command).then(PipelineDefined(name="Sales", currency="USD", stages=stages))


def test_fifty_stages_are_enough() -> None:
    """Fifty are accepted, one more is not."""
    many = [NewStage(name=f"Step {n}", probability=n, category=StageCategory.OPEN) for n in range(49)]
    assert given(pipeline.DECIDER).when(define(*many[:48], wish(WON), wish(LOST))).events()
    message = given(pipeline.DECIDER).when(define(*many, wish(WON), wish(LOST))).rejected(TooManyStages, "stages")
    assert message == "51 stages are more than 50: leave out or retire some"


@pytest.mark.parametrize("missing", list(StageCategory))
def test_one_stage_of_each_category(missing: StageCategory) -> None:
    """Without an open, a won or a lost stage it is no pipeline."""
    command = define(*(stage for stage in ALL if stage.category is not missing))
    message = given(pipeline.DECIDER).when(command).rejected(StageCategoryMissing, "stages")
    assert message == f"the pipeline has no {missing} stage: give it one of each"


def test_no_stages_at_all() -> None:
    """The message names all that is missing."""
    message = given(pipeline.DECIDER).when(define()).rejected(StageCategoryMissing, "stages")
    assert message == "the pipeline has no open and no won and no lost stage: give it one of each"


@pytest.mark.parametrize("name", ["New", "NEW", "new"])
def test_names_differ_in_more_than_case(name: str) -> None:
    """Two stages of one name are refused, whatever the case, with or without ids; the second is at fault."""
    for stage_id in (TALKS.id, None):
        command = define(wish(NEW), wish(TALKS, name=name, id=stage_id), wish(WON), wish(LOST))
        given(pipeline.DECIDER).when(command).rejected(StageNameTaken, "stages.1.name")
    command = define(wish(NEW, id=None), wish(TALKS, name=name, id=None), wish(WON), wish(LOST))
    given(pipeline.DECIDER).when(command).rejected(StageNameTaken, "stages.1.name")


def test_ids_differ() -> None:
    """Two stages of one id are refused."""
    command = define(wish(NEW), wish(TALKS, id=NEW.id), wish(WON), wish(LOST))
    given(pipeline.DECIDER).when(command).rejected(StageIdTaken, "stages.1.id")


@pytest.mark.parametrize(("stage", "index"), [(WON, 2), (LOST, 3)], ids=["won", "lost"])
def test_won_is_certain_and_lost_is_out(stage: Stage, index: int) -> None:
    """Won stages are at 100 %, lost ones at 0 %."""
    command = define(
        *(wish(one, probability=50 if one is stage else one.probability) for one in (NEW, TALKS, WON, LOST))
    )
    given(pipeline.DECIDER).when(command).rejected(StageProbabilityFixed, f"stages.{index}.probability")


def test_a_repeat_decides_nothing_whatever_came_between() -> None:
    """The same DefinePipeline again is a repeat, also of a pipeline that has changed."""
    between = (PipelineRenamed(name="Other"), StageRetired(stage_id=NEW.id))
    given(pipeline.DECIDER, PIPELINE_DEFINED, *between).when(DEFINE).then()


@pytest.mark.parametrize(
    "other", [{"name": "Other"}, {"currency": "EUR"}, {"stages": ALL[1:]}], ids=["name", "currency", "stages"]
)
def test_an_id_is_used_once(other: dict[str, Any]) -> None:
    """Any other content under the same id is refused."""
    command = msgspec.structs.replace(DEFINE, **other)
    given(pipeline.DECIDER, PIPELINE_DEFINED).when(command).rejected(PipelineAlreadyDefined, "id")


def test_a_pipeline_gets_another_name() -> None:
    """The name that it has is no event."""
    rename = RenamePipeline(id=PIPELINE, name="Other")
    given(pipeline.DECIDER, PIPELINE_DEFINED).when(rename).then(PipelineRenamed(name="Other"))
    given(pipeline.DECIDER, PIPELINE_DEFINED).when(RenamePipeline(id=PIPELINE, name="Sales")).then()


@pytest.mark.parametrize(
    "command",
    [
        RenamePipeline(id=PIPELINE, name="Other"),
        AddStage(id=PIPELINE, stage=wish(NEW)),
        RenameStage(id=PIPELINE, stage_id=NEW.id, name="Other"),
        ChangeStageProbability(id=PIPELINE, stage_id=NEW.id, probability=1),
        ReorderStages(id=PIPELINE, stage_ids=()),
        RetireStage(id=PIPELINE, stage_id=some_id("none")),
    ],
    ids=lambda command: type(command).__name__,
)
def test_what_was_never_defined_does_not_change(command: Any) -> None:
    """No change without a pipeline."""
    given(pipeline.DECIDER).when(command).rejected(PipelineNotFound)
