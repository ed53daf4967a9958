"""Which pipelines are there now, with which stages in which order?"""

from typing import Final

from msgspec.structs import asdict

from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from projections.changes import Change, Put
from projections.documents.document import Document
from projections.documents.pipeline import Pipeline, PipelineStage

NAME: Final = "pipeline_list"
VERSION: Final = 1
TABLES: Final = ("pipeline_list", "pipeline_stages")
READS: Final = (Pipeline,)


def apply(recorded: Recorded[Event], before: Document | None, after: Document) -> tuple[Change, ...]:
    """The pipeline's row as it is now, and the rows of the stages that changed. No stage is ever gone: it retires."""
    if not isinstance(after, Pipeline):
        return ()
    tenant = recorded.meta.tenant
    row = {"tenant": tenant, **asdict(after)}
    del row["stages"]
    known = before.stages if isinstance(before, Pipeline) else ()
    changed = (stage for stage in after.stages if stage not in known)
    return (Put("pipeline_list", (tenant, after.id), row), *(_stage(tenant, after, stage) for stage in changed))


def _stage(tenant: str, pipeline: Pipeline, stage: PipelineStage) -> Put:
    row = {"tenant": tenant, "pipeline_id": pipeline.id, **asdict(stage)}
    return Put("pipeline_stages", (tenant, pipeline.id, stage.id), row)
