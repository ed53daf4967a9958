"""Any commands and events about a few entities, so that they meet: for Hypothesis, and for long random walks."""

from collections.abc import Sequence
from datetime import date
from random import Random
from typing import Any, Final
from uuid import UUID

import msgspec
from hypothesis import strategies as st
from msgspec import NODEFAULT
from msgspec.structs import asdict

from event_schemas.deal import LossReason
from event_schemas.pipeline import StageCategory
from event_schemas.registry import Event
from event_schemas.values import Money
from tests.support.events import some_id
from tests.support.examples import LOST, NEW, TALKS, WON
from tests.support.people import POOLS as PEOPLE
from tests.support.structs import structs
from tests.support.work import POOLS as WORK
from write_side.application.deciders import COMMANDS, INTERNAL
from write_side.domain.decider import Command
from write_side.domain.pipeline import NewStage

DECIDERS_OF: Final = COMMANDS | INTERNAL
TYPES: Final = tuple(sorted(DECIDERS_OF, key=lambda command: command.__name__))
STAGES: Final = (NEW.id, TALKS.id, WON.id, LOST.id, some_id("further stage"))


def few(kind: str) -> tuple[UUID, ...]:
    """The ids of the two entities of a kind that everything is about."""
    return some_id(f"{kind} 0"), some_id(f"{kind} 1")


NEW_STAGES: Final = (
    NewStage(name="New", probability=10, category=StageCategory.OPEN),
    NewStage(name="A", probability=50, category=StageCategory.OPEN, id=STAGES[-1]),
    NewStage(name="a", probability=100, category=StageCategory.WON),
    NewStage(name="B", probability=0, category=StageCategory.LOST),
    NewStage(name="B", probability=100, category=StageCategory.LOST, id=NEW.id),
)
USUAL_STAGES: Final = tuple(NewStage(**asdict(stage)) for stage in (NEW, TALKS, WON, LOST))
POOLS: Final[dict[str, Sequence[Any]]] = {
    "name": ["A", "a", "B", "New", "Talks", "\u1e9e \U0001f600"],
    "amount": [Money(0, "USD"), Money(10**15, "USD"), Money(1, "EUR")],
    "price": [Money(0, "USD"), Money(1, "EUR")],
    "revenue": [None, Money(1, "EUR")],
    "currency": ["USD", "EUR"],
    "account_id": few("account"),
    "parent_id": [None, *few("account")],
    "owner_id": [None, *few("user")],
    "manager_id": [None, *few("user")],
    "product_id": [None, *few("product")],
    "pipeline_id": few("pipeline"),
    "team_id": few("team"),
    "stage_id": STAGES,
    "stage_ids": [STAGES[:4], STAGES[3::-1], STAGES, STAGES[1:4]],
    "stage": NEW_STAGES,
    "stages": [USUAL_STAGES, NEW_STAGES[:4], (NEW_STAGES[0], *NEW_STAGES[2:4]), ()],
    "probability": [0, 10, 100],
    "index": [0, 3, -1, 99],
    "expected_close": [None, date(2017, 12, 31)],
    "reason": list(LossReason),
    "detail": ["too dear"],
    **{name: [None, "A", "B"] for name in ("sector", "location", "territory", "region", "series")},
    "year_established": [None, 1996],
    "employees": [None, 0],
    "rows": [2],
    "rejected": [1],
    **PEOPLE,
    **WORK,
}
"""What each field of a command may be, beside its default; ``Command.field`` where the field alone does not tell."""


def _choices(command: type[Command]) -> dict[str, Sequence[Any]]:
    """What each field of this command may be; defaults are half of it."""
    decider = DECIDERS_OF[command]
    pools = {**POOLS, "id": few(decider.kind or decider.category)}
    choices = {}
    for field in msgspec.structs.fields(command):
        pool = pools.get(f"{command.__name__}.{field.name}") or pools[field.name]
        choices[field.name] = pool if field.default is NODEFAULT else [*pool, *[field.default] * len(pool)]
    return choices


CHOICES: Final = {command: _choices(command) for command in TYPES}


def commands() -> st.SearchStrategy[Command]:
    """Any command, about one of the few."""
    return st.one_of(
        [
            st.builds(command, **{name: st.sampled_from(values) for name, values in choices.items()})
            for command, choices in CHOICES.items()
        ]
    )


def random_command(random: Random) -> Command:
    """Any command, about one of the few."""
    command = random.choice(TYPES)
    return command(**{name: random.choice(values) for name, values in CHOICES[command].items()})


def events(*types: type[Event]) -> st.SearchStrategy[Event]:
    """Any event of these types, about any of the few."""
    scalars = {name: values for name, values in POOLS.items() if name not in {"stage", "stages", "index", "stage_ids"}}
    fields = {name: st.sampled_from([one for one in values if one is not None]) for name, values in scalars.items()}
    return st.one_of([structs(one, {**fields, "Stage.id": st.sampled_from(STAGES)}) for one in types])
