"""An import batch: started once, finished once."""

from typing import assert_never
from uuid import UUID

import msgspec

from event_schemas.batch import BatchFinished, BatchStarted
from event_schemas.registry import Event
from event_schemas.values import Name
from write_side.domain.decider import Command, Context, Decider
from write_side.domain.errors import Rejected

CATEGORY = "batch"


class NotStarted(msgspec.Struct, frozen=True):
    """No such batch."""


class Running(msgspec.Struct, frozen=True):
    """Some of its rows may have been answered."""


class Finished(msgspec.Struct, frozen=True):
    """All of its rows were answered."""


State = NotStarted | Running | Finished


class StartBatch(Command, frozen=True, kw_only=True):
    """Begin, or go on with, an import."""

    name: Name


class FinishBatch(Command, frozen=True, kw_only=True):
    """All rows are answered."""

    rows: int
    rejected: int


class BatchNotStarted(Rejected):
    """A batch that never began cannot end."""


def evolve(state: State, _entity: UUID, event: Event) -> State:
    """State after an event."""
    match event:
        case BatchStarted():
            return Running()
        case BatchFinished():
            return Finished()
        case _:
            return state


def decide(command: StartBatch | FinishBatch, state: State, _context: Context) -> tuple[Event, ...]:
    """Events of a command; starting a running batch and finishing a finished one decide nothing."""
    match command, state:
        case StartBatch(), NotStarted():
            return (BatchStarted(name=command.name),)
        case FinishBatch(), Running():
            return (BatchFinished(rows=command.rows, rejected=command.rejected),)
        case FinishBatch(), NotStarted():
            raise BatchNotStarted("the batch was never started: start it first")
        case _, (NotStarted() | Running() | Finished()):
            return ()
        case _:
            assert_never(state)


DECIDER: Decider[StartBatch | FinishBatch, State] = Decider(
    category=CATEGORY, initial_state=NotStarted(), evolve=evolve, decide=decide
)
