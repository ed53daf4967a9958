"""What mutations need of the read side: how their payloads show the entity, and how the API calls Python types."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import strawberry

from event_schemas import activity, contact, deal, lead, pipeline, saved_view
from read_api.graphql.context import Context
from read_api.graphql.entities import load_entity
from read_api.graphql.types.activity import ActivityKind
from read_api.graphql.types.contact import Channel, Relation
from read_api.graphql.types.deal import LossReason
from read_api.graphql.types.lead import ConversionStep, DisqualificationReason
from read_api.graphql.types.pipeline import StageCategory
from read_api.graphql.types.reference import RelatedKind
from read_api.graphql.types.saved_view import ListedKind

NAMES: Mapping[Any, Any] = {
    activity.ActivityKind: ActivityKind,
    activity.RelatedKind: RelatedKind,
    contact.Channel: Channel,
    contact.Relation: Relation,
    deal.LossReason: LossReason,
    lead.ConversionStep: ConversionStep,
    lead.DisqualificationReason: DisqualificationReason,
    pipeline.StageCategory: StageCategory,
    saved_view.ListedKind: ListedKind,
}
"""Enums of events -> the same enums as the API shows them."""


def entity_after(kind: str, *, beside: bool = False) -> Callable[[strawberry.Info, Any], Awaitable[Any]]:
    """Reads the entity of a command's outcome, in a transaction that begins after the command.

    ``beside``: in the one that the entity of a later command was read in.
    """

    async def load(info: strawberry.Info, outcome: Any) -> Any:
        context: Context = info.context
        if not beside:
            await context.renew()
        return await load_entity(context, kind, outcome.entity_id, outcome.token)

    return load
