"""What mutations need of the read side: how their payloads show the entity, and how the API calls Python types."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import strawberry

from event_schemas import deal, pipeline
from read_api.graphql.context import Context
from read_api.graphql.entities import load_entity
from read_api.graphql.types.deal import LossReason
from read_api.graphql.types.pipeline import StageCategory

NAMES: Mapping[Any, Any] = {deal.LossReason: LossReason, pipeline.StageCategory: StageCategory}
"""Enums of events -> the same enums as the API shows them."""


def entity_after(kind: str) -> Callable[[strawberry.Info, Any], Awaitable[Any]]:
    """Reads the entity of a command's outcome, in a transaction that begins after the command."""

    async def load(info: strawberry.Info, outcome: Any) -> Any:
        context: Context = info.context
        await context.renew()
        return await load_entity(context, kind, outcome.entity_id, outcome.token)

    return load
