"""Pipelines and their stages."""

from datetime import datetime
from enum import Enum

import strawberry

from read_api.compiler.entities import PIPELINES, STAGES
from read_api.compiler.sources import Listing, SortKey
from read_api.graphql.fields import column, filters_of, many, sort_enum, where
from read_api.graphql.types.text import CONTAINS
from read_api.values import parse_text


@strawberry.enum(description="What being in a stage means for a deal.")
class StageCategory(Enum):
    """As the column says it."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


@strawberry.type(description="One step of a pipeline.")
class Stage:
    """A row of pipeline_stages."""

    id: strawberry.ID = column()
    name: str = column()
    probability: int = column("Whole per cent.")
    category: StageCategory = column()
    retired: bool = column("No deal may enter it any more.")


@strawberry.type(description="A sales pipeline; its deals are all in one currency.")
class Pipeline:
    """A row of pipeline_list."""

    id: strawberry.ID = column()
    name: str = column()
    currency: str = column()
    stages: list[Stage] = many(
        STAGES, key="pipeline_id", order=("rank", "id"), description="In their order; the retired ones come last."
    )
    defined_at: datetime = column()
    version: int = column()


@strawberry.input
class PipelineFilter:
    """Conditions that all hold; null is as if absent."""

    name_contains: str | None = where(CONTAINS, "text", parse=parse_text)


_SORTS = {"NAME": SortKey("name", "text"), "DEFINED_AT": SortKey("defined_at", "timestamptz")}
PipelineSort = sort_enum("PipelineSort", _SORTS)
PIPELINE_LIST = Listing("pipelines", PIPELINES, _SORTS, "NAME_ASC", filters_of(PipelineFilter))
