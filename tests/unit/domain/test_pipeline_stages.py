"""Adding, renaming, weighing, reordering and retiring the stages of a pipeline."""

from typing import Any
from uuid import uuid5

import pytest

from event_schemas.pipeline import (
    StageAdded,
    StageCategory,
    StageProbabilityChanged,
    StageRenamed,
    StageRetired,
    StagesReordered,
)
from tests.support.events import some_id
from tests.support.examples import LOST, NEW, PIPELINE, PIPELINE_DEFINED, TALKS, WON, stage
from tests.support.scenario import Given, fold, given
from write_side.domain import pipeline
from write_side.domain.pipeline import (
    AddStage,
    ChangeStageProbability,
    NewStage,
    RenameStage,
    ReorderStages,
    RetireStage,
    StageIndexOutOfRange,
    StageOrderIncomplete,
)
from write_side.domain.stage_rules import (
    LastStageOfCategory,
    StageIdTaken,
    StageNameTaken,
    StageProbabilityFixed,
    TooManyStages,
)
from write_side.domain.stages import StageIsRetired, StageNotInPipeline

PAPERS = stage("Papers", 80, StageCategory.OPEN)
WISH = NewStage(id=PAPERS.id, name="Papers", probability=80, category=StageCategory.OPEN)
TALKS_RETIRED = StageRetired(stage_id=TALKS.id)


def defined(*events: Any) -> Given:
    """A pipeline's history, from its definition on."""
    return given(pipeline.DECIDER, PIPELINE_DEFINED, *events)


def add(index: int | None = None, **other: Any) -> AddStage:
    """The command for one more stage, or a variation."""
    fields = {name: getattr(WISH, name) for name in WISH.__struct_fields__}
    return AddStage(id=PIPELINE, stage=NewStage(**{**fields, **other}), index=index)


@pytest.mark.parametrize(("index", "at"), [(None, 4), (0, 0), (2, 2), (4, 4)])
def test_a_stage_is_added(index: int | None, at: int) -> None:
    """Before the one that has the index; at the end without one."""
    defined().when(add(index)).then(StageAdded(stage=PAPERS, index=at))


def test_retired_stages_stand_after_all_others() -> None:
    """So indexes and orders are about the stages in use."""
    defined(TALKS_RETIRED).when(add()).then(StageAdded(stage=PAPERS, index=3))
    state = fold(pipeline.DECIDER, PIPELINE, PIPELINE_DEFINED, TALKS_RETIRED, StageAdded(stage=PAPERS, index=3))
    assert [one.name for one in state.shape.stages] == ["New", "Won", "Lost", "Papers", "Talks"]


def test_a_stage_without_an_id_gets_one_that_was_never_used() -> None:
    """uuid5(pipeline, name), or one derived further when a renamed or retired stage has that."""
    first, second = uuid5(PIPELINE, "Papers"), uuid5(uuid5(PIPELINE, "Papers"), "Papers")
    added = StageAdded(stage=stage("Papers", 80, StageCategory.OPEN, id=first), index=4)
    defined().when(add(id=None)).then(added)
    again = StageAdded(stage=stage("Papers", 80, StageCategory.OPEN, id=second), index=4)
    defined(added, StageRetired(stage_id=first)).when(add(id=None)).then(again)


@pytest.mark.parametrize("stage_id", [PAPERS.id, None], ids=["its id", "no id"])
def test_a_stage_that_is_there_already_decides_nothing(stage_id: Any) -> None:
    """The same stage again is a repeat, wherever it stands by now."""
    defined(StageAdded(stage=PAPERS, index=0)).when(add(3, id=stage_id)).then()


@pytest.mark.parametrize("index", [-1, 5, 10**9])
def test_an_index_is_of_a_stage_in_use(index: int) -> None:
    """Neither before the first nor beyond the last."""
    message = defined().when(add(index)).rejected(StageIndexOutOfRange, "index")
    assert message == f"index {index} is not of 0 to 4, the number of stages in use"


@pytest.mark.parametrize(
    ("other", "rejection", "field"),
    [
        ({"name": "TALKS"}, StageNameTaken, "stage.name"),
        ({"name": "Talks", "id": None}, StageNameTaken, "stage.name"),
        ({"id": NEW.id}, StageIdTaken, "stage.id"),
        ({"category": StageCategory.WON}, StageProbabilityFixed, "stage.probability"),
        ({"category": StageCategory.LOST}, StageProbabilityFixed, "stage.probability"),
    ],
)
def test_an_added_stage_keeps_the_rules(other: dict[str, Any], rejection: Any, field: str) -> None:
    """Names and ids are unique, probabilities fit the category."""
    defined().when(add(**other)).rejected(rejection, field)


def test_a_retired_stage_keeps_its_id_and_frees_its_name() -> None:
    """Another stage may take the name, none the id."""
    defined(TALKS_RETIRED).when(add(id=TALKS.id)).rejected(StageIdTaken, "stage.id")
    talks = stage("Talks", 80, StageCategory.OPEN, id=PAPERS.id)
    defined(TALKS_RETIRED).when(add(name="Talks")).then(StageAdded(stage=talks, index=3))


def test_fifty_stages_in_use_are_enough() -> None:
    """One more is refused; after a retirement there is room again."""
    more = [StageAdded(stage=stage(f"Step {n}", n, StageCategory.OPEN), index=0) for n in range(46)]
    defined(*more).when(add()).rejected(TooManyStages, "stage")
    defined(*more, TALKS_RETIRED).when(add()).then(StageAdded(stage=PAPERS, index=49))


def test_a_stage_gets_another_name() -> None:
    """Also its own in other case; the name that it has is no event, not even for a retired one."""
    rename = RenameStage(id=PIPELINE, stage_id=TALKS.id, name="TALKS")
    defined().when(rename).then(StageRenamed(stage_id=TALKS.id, name="TALKS"))
    same = RenameStage(id=PIPELINE, stage_id=TALKS.id, name="Talks")
    defined().when(same).then()
    defined(TALKS_RETIRED).when(same).then()


@pytest.mark.parametrize("name", ["New", "new"])
def test_a_name_is_had_once(name: str) -> None:
    """Another stage in use keeps its name to itself."""
    defined().when(RenameStage(id=PIPELINE, stage_id=TALKS.id, name=name)).rejected(StageNameTaken, "name")


def test_an_open_stage_is_weighed_anew() -> None:
    """0 and 100 are open to an open stage; the probability that it has is no event."""
    for probability in (0, 100):
        weigh = ChangeStageProbability(id=PIPELINE, stage_id=NEW.id, probability=probability)
        defined().when(weigh).then(StageProbabilityChanged(stage_id=NEW.id, probability=probability))
    defined().when(ChangeStageProbability(id=PIPELINE, stage_id=NEW.id, probability=10)).then()


@pytest.mark.parametrize("fixed", [WON, LOST], ids=["won", "lost"])
def test_won_and_lost_are_not_weighed(fixed: Any) -> None:
    """Their probabilities are fixed; to ask for the fixed one is no event."""
    weigh = ChangeStageProbability(id=PIPELINE, stage_id=fixed.id, probability=50)
    defined().when(weigh).rejected(StageProbabilityFixed, "probability")
    defined().when(ChangeStageProbability(id=PIPELINE, stage_id=fixed.id, probability=fixed.probability)).then()


def test_stages_are_reordered() -> None:
    """All in use, in any order; the order that they have is no event."""
    order = (LOST.id, WON.id, TALKS.id, NEW.id)
    defined().when(ReorderStages(id=PIPELINE, stage_ids=order)).then(StagesReordered(stage_ids=order))
    defined().when(ReorderStages(id=PIPELINE, stage_ids=(NEW.id, TALKS.id, WON.id, LOST.id))).then()


@pytest.mark.parametrize(
    "order",
    [
        (),
        (NEW.id, TALKS.id, WON.id),
        (NEW.id, TALKS.id, WON.id, LOST.id, LOST.id),
        (NEW.id, NEW.id, WON.id, LOST.id),
        (NEW.id, TALKS.id, WON.id, some_id("none")),
    ],
    ids=["none", "too few", "too many", "one twice", "a stranger"],
)
def test_an_order_names_each_stage_once(order: Any) -> None:
    """Neither fewer nor more, and no stranger."""
    defined().when(ReorderStages(id=PIPELINE, stage_ids=order)).rejected(StageOrderIncomplete, "stageIds")


def test_a_retired_stage_has_no_place_in_an_order() -> None:
    """Orders are of the stages in use."""
    all_four, in_use = (LOST.id, WON.id, TALKS.id, NEW.id), (LOST.id, WON.id, NEW.id)
    retired = defined(TALKS_RETIRED)
    retired.when(ReorderStages(id=PIPELINE, stage_ids=all_four)).rejected(StageOrderIncomplete, "stageIds")
    retired.when(ReorderStages(id=PIPELINE, stage_ids=in_use)).then(StagesReordered(stage_ids=in_use))


def test_a_stage_is_retired_once() -> None:
    """Once is enough, also when it would be the last by now."""
    retire = RetireStage(id=PIPELINE, stage_id=TALKS.id)
    defined().when(retire).then(TALKS_RETIRED)
    defined(TALKS_RETIRED).when(retire).then()


@pytest.mark.parametrize("last", [NEW, WON, LOST], ids=["open", "won", "lost"])
def test_one_stage_of_each_category_stays(last: Any) -> None:
    """The last one in use of its category cannot be retired."""
    message = (
        defined(TALKS_RETIRED).when(RetireStage(id=PIPELINE, stage_id=last.id)).rejected(LastStageOfCategory, "stageId")
    )
    assert message == f"stage {last.name!r} is the last {last.category} one: add another {last.category} stage first"


STRANGER: Any = {"id": PIPELINE, "stage_id": some_id("none")}


@pytest.mark.parametrize(
    "command",
    [
        RenameStage(**STRANGER, name="Other"),
        ChangeStageProbability(**STRANGER, probability=1),
        RetireStage(**STRANGER),
    ],
    ids=lambda command: type(command).__name__,
)
def test_a_stage_of_nowhere_does_not_change(command: Any) -> None:
    """The stage is one of the pipeline's."""
    defined().when(command).rejected(StageNotInPipeline, "stageId")


@pytest.mark.parametrize(
    "command",
    [
        RenameStage(id=PIPELINE, stage_id=TALKS.id, name="Other"),
        ChangeStageProbability(id=PIPELINE, stage_id=TALKS.id, probability=1),
    ],
    ids=lambda command: type(command).__name__,
)
def test_a_retired_stage_does_not_change(command: Any) -> None:
    """A retired stage accepts nothing more."""
    defined(TALKS_RETIRED).when(command).rejected(StageIsRetired, "stageId")
