"""Given, when, then for deciders: a history, a command, and exactly the events that follow, or the broken rule."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import pytest

from event_schemas.registry import Event
from event_schemas.streams import TenantId
from write_side.application.deciders import KINDS
from write_side.domain.decider import Command, Context, Decider, Ref
from write_side.domain.errors import Rejected

NOON: Final = datetime(2017, 6, 30, 12, tzinfo=UTC)
ANYONE: Final = UUID(int=0)
"""The entity that a history is about, where its events do not say."""


class Given:
    """One aggregate's history, and what stands beside it."""

    def __init__(self, decider: Decider[Any, Any], state: Any, beside: Mapping[Ref, Any]) -> None:
        self._decider = decider
        self._state = state
        self._beside = beside

    def beside(self, decider: Decider[Any, Any], entity: UUID, *events: Event) -> "Given":
        """With another aggregate that the decision may read."""
        ref = Ref(decider.category, entity)
        return Given(self._decider, self._state, {**self._beside, ref: fold(decider, entity, *events)})

    def when(self, command: Command) -> "Decision":
        """The command to decide."""
        return Decision(self._decider, self._state, self._beside, command)


class Decision:
    """A command at a history; what must come of it is told by ``then`` or ``rejected``."""

    def __init__(self, decider: Decider[Any, Any], state: Any, beside: Mapping[Ref, Any], command: Command) -> None:
        self._decider = decider
        self._state = state
        self._beside = beside
        self._command = command

    def then(self, *events: Event) -> None:
        """The command decides exactly these events, and its repeat none."""
        decided = self._decide(self._state)
        assert decided == events
        after = fold(self._decider, self._command.id, *decided, state=self._state)
        assert self._decide(after) == ()

    def events(self) -> tuple[Event, ...]:
        """Whatever the command decides."""
        return self._decide(self._state)

    def rejected(self, rejection: type[Rejected], field: str | None = None) -> str:
        """The command breaks exactly this rule, at this input field; the answer is the message."""
        with pytest.raises(Rejected) as caught:
            self._decide(self._state)
        assert type(caught.value) is rejection
        assert caught.value.at == field
        return caught.value.message

    def _decide(self, state: Any) -> tuple[Event, ...]:
        return decide(self._decider, state, self._command, self._beside)


def decide(decider: Decider[Any, Any], state: Any, command: Command, beside: Mapping[Ref, Any]) -> tuple[Event, ...]:
    """Decide, knowing of other aggregates what the decider asks for and nothing else."""
    asked = decider.reads(command, state)
    related = {ref: beside.get(ref, KINDS[ref.kind].initial_state) for ref in asked}
    context = Context(tenant=TenantId("demo"), actor="ada", occurred_at=NOON, command_id=command.id, related=related)
    return decider.decide(command, state, context)


def fold(decider: Decider[Any, Any], entity: UUID, *events: Event, state: Any = None) -> Any:
    """The state after events, from the initial state unless another is given."""
    state = decider.initial_state if state is None else state
    for event in events:
        state = decider.evolve(state, entity, event)
    return state


def given(decider: Decider[Any, Any], *events: Event) -> Given:
    """An aggregate with this history, alone in its tenant."""
    return Given(decider, fold(decider, ANYONE, *events), {})
