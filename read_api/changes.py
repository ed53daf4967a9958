"""What an event changed, field by field, told from the events alone."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from enum import Enum
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import UNSET

from event_schemas.envelope import Recorded
from event_schemas.pipeline import (
    PipelineDefined,
    Stage,
    StageAdded,
    StageProbabilityChanged,
    StageRenamed,
    StageRetired,
    StagesReordered,
)
from event_schemas.registry import Event, of_class
from event_schemas.values import Money

Json = Any


class Change(NamedTuple):
    """A field of the entity, named as in the API, with its value before and after as JSON."""

    field: str
    before: Json
    after: Json


RENAMED: Mapping[tuple[str, str], str] = {
    ("deal.lost", "reason"): "loss_reason",
    ("deal.lost", "detail"): "loss_detail",
}
"""Payload fields whose entity field has another name."""

IMPLIED: Mapping[str, Mapping[str, Json]] = {
    "deal.opened": {"status": "OPEN"},
    "deal.won": {"status": "WON"},
    "deal.lost": {"status": "LOST"},
    "deal.reopened": {"status": "OPEN", "loss_reason": None, "loss_detail": None},
    "account.opened": {"archived": False},
    "account.archived": {"archived": True},
    "product.listed": {"retired": False},
    "product.retired": {"retired": True},
    "user.left_team": {"team_id": None},
}
"""Fields that an event changes without holding them."""

UNSHOWN = frozenset({("user.left_team", "left_team_id")})


class EntityChanges:
    """One entity's fields as its events, given in order, leave them."""

    def __init__(self) -> None:
        self._values: dict[str, Json] = {}

    def apply(self, recorded: Recorded[Event]) -> tuple[Change, ...]:
        """What this event changed; a field that it leaves as it was is not in the answer."""
        found = []
        for field, after in self._touched(recorded.event):
            before = self._values.get(field)
            self._values[field] = after
            if before != after:
                found.append(Change(camel(field), before, after))
        return tuple(found)

    def _touched(self, event: Event) -> Iterator[tuple[str, Json]]:
        entry = of_class(type(event))
        if (stages := _STAGES.get(type(event))) is not None:
            if isinstance(event, PipelineDefined):
                yield from (("name", event.name), ("currency", event.currency))
            yield "stages", stages(event, self._values.get("stages") or [])
            return
        for field in event.__struct_fields__:
            value = getattr(event, field)
            if value is not UNSET and field != entry.entity_field and (entry.name, field) not in UNSHOWN:
                yield RENAMED.get((entry.name, field), field), plain(value)
        yield from IMPLIED.get(entry.name, {}).items()


def camel(name: str) -> str:
    """``expected_close`` -> ``expectedClose``."""
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


def plain(value: Any) -> Json:
    """As the API prints it: ids and dates as text, enums by name, minor units as digits."""
    match value:
        case Money(minor, currency):
            return {"minor": str(minor), "currency": currency}
        case Enum():
            return value.name
        case UUID() | date():
            return str(value)
        case msgspec.Struct():
            return {camel(field): plain(getattr(value, field)) for field in value.__struct_fields__}
        case tuple() | list():
            return [plain(item) for item in value]
        case _:
            return value


Stages = list[dict[str, Json]]


def _in_use(stage: Stage) -> dict[str, Json]:
    return {**plain(stage), "retired": False}


def _defined(event: PipelineDefined, _stages: Stages) -> Stages:
    return [_in_use(stage) for stage in event.stages]


def _added(event: StageAdded, stages: Stages) -> Stages:
    return [*stages[: event.index], _in_use(event.stage), *stages[event.index :]]


def _with(stages: Stages, stage_id: UUID, **fields: Json) -> Stages:
    return [{**stage, **fields} if stage["id"] == str(stage_id) else stage for stage in stages]


def _reordered(event: StagesReordered, stages: Stages) -> Stages:
    ranks = {str(stage_id): rank for rank, stage_id in enumerate(event.stage_ids)}
    return sorted(stages, key=lambda stage: ranks.get(stage["id"], len(ranks)))


def _retired(event: StageRetired, stages: Stages) -> Stages:
    return sorted(_with(stages, event.stage_id, retired=True), key=lambda stage: bool(stage["retired"]))


_STAGES: Mapping[type[Event], Callable[[Any, Stages], Stages]] = {
    PipelineDefined: _defined,
    StageAdded: _added,
    StageRenamed: lambda event, stages: _with(stages, event.stage_id, name=event.name),
    StageProbabilityChanged: lambda event, stages: _with(stages, event.stage_id, probability=event.probability),
    StagesReordered: _reordered,
    StageRetired: _retired,
}
"""How an event of a pipeline changes the list of its stages."""
