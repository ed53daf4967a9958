"""Lists that events change item by item: told whole, before and after."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from event_schemas.contact import (
    ContactAccountLinked,
    ContactAccountUnlinked,
    ContactConsentGiven,
    ContactConsentWithdrawn,
    ContactRelated,
    ContactUnrelated,
)
from event_schemas.deal import DealContactLinked, DealContactUnlinked
from event_schemas.people import Attribute
from event_schemas.pipeline import (
    PipelineDefined,
    Stage,
    StageAdded,
    StageProbabilityChanged,
    StageRenamed,
    StageRetired,
    StagesReordered,
)
from event_schemas.registry import Event
from read_api.plain_values import plain

Items = list[dict[str, Any]]


def _in_use(stage: Stage) -> dict[str, Any]:
    return {**plain(stage), "retired": False}


def _defined(event: PipelineDefined, _stages: Items) -> Items:
    return [_in_use(stage) for stage in event.stages]


def _added(event: StageAdded, stages: Items) -> Items:
    return [*stages[: event.index], _in_use(event.stage), *stages[event.index :]]


def _with(stages: Items, stage_id: UUID, **fields: Any) -> Items:
    return [{**stage, **fields} if stage["id"] == str(stage_id) else stage for stage in stages]


def _reordered(event: StagesReordered, stages: Items) -> Items:
    ranks = {str(stage_id): rank for rank, stage_id in enumerate(event.stage_ids)}
    return sorted(stages, key=lambda stage: ranks.get(stage["id"], len(ranks)))


def _retired(event: StageRetired, stages: Items) -> Items:
    return sorted(_with(stages, event.stage_id, retired=True), key=lambda stage: bool(stage["retired"]))


def _put(items: Items, item: dict[str, Any], *key: str) -> Items:
    """The item in the place of the one with the same key, or at the end."""
    place = [item[name] for name in key]
    if any([each[name] for name in key] == place for each in items):
        return [item if [each[name] for name in key] == place else each for each in items]
    return [*items, item]


def _without(items: Items, **key: Any) -> Items:
    gone = {name: plain(value) for name, value in key.items()}
    return [each for each in items if any(each[name] != value for name, value in gone.items())]


def _item(event: Event) -> dict[str, Any]:
    """The whole of an event as an item."""
    found: dict[str, Any] = plain(event)
    return found


def with_attributes(items: Items, changes: Iterable[Attribute]) -> Items:
    """Free attributes after some were set and some, with null, taken away."""
    for each in changes:
        items = _without(items, name=each.name) if each.value is None else _put(items, plain(each), "name")
    return items


def _consent(event: ContactConsentGiven | ContactConsentWithdrawn, items: Items) -> Items:
    given = isinstance(event, ContactConsentGiven)
    return _put(items, {"evidence": None, **_item(event), "given": given}, "channel", "purpose")


LISTS: Mapping[type[Event], tuple[str, Callable[[Any, Items], Items]]] = {
    PipelineDefined: ("stages", _defined),
    StageAdded: ("stages", _added),
    StageRenamed: ("stages", lambda event, items: _with(items, event.stage_id, name=event.name)),
    StageProbabilityChanged: (
        "stages",
        lambda event, items: _with(items, event.stage_id, probability=event.probability),
    ),
    StagesReordered: ("stages", _reordered),
    StageRetired: ("stages", _retired),
    ContactAccountLinked: ("accounts", lambda event, items: _put(items, _item(event), "accountId")),
    ContactAccountUnlinked: ("accounts", lambda event, items: _without(items, accountId=event.account_id)),
    ContactRelated: ("relations", lambda event, items: _put(items, _item(event), "otherId", "relation")),
    ContactUnrelated: (
        "relations",
        lambda event, items: _without(items, otherId=event.other_id, relation=event.relation),
    ),
    ContactConsentGiven: ("consents", _consent),
    ContactConsentWithdrawn: ("consents", _consent),
    DealContactLinked: ("contacts", lambda event, items: _put(items, _item(event), "contactId")),
    DealContactUnlinked: ("contacts", lambda event, items: _without(items, contactId=event.contact_id)),
}
"""The field that an event changes an item of, and how."""
