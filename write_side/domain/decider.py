"""What a decider is, and what it may know when it decides."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

import msgspec

from event_schemas.registry import Event
from event_schemas.streams import TenantId

C = TypeVar("C", bound="Command")
S = TypeVar("S")


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all commands: imperative, already validated by its type. ``id`` is the target."""

    id: UUID


class Ref(NamedTuple):
    """A further aggregate that a decision reads: its kind (the decider's category) and id."""

    kind: str
    id: UUID | str


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What a decision may know beside its command and state. Time comes in here, never from a clock."""

    tenant: TenantId
    actor: str
    occurred_at: datetime
    command_id: UUID
    admin: bool = False
    """Whether the actor may change what others keep for everybody."""
    related: Mapping[Ref, Any] = msgspec.field(default_factory=dict)
    """The folded state of every Ref that the decider asked for; its initial state where nothing exists."""


def reads_nothing(_command: Any, _state: Any) -> tuple[Ref, ...]:
    """The decision needs no other aggregate."""
    return ()


def relies_on_nothing(_command: Any) -> tuple[Ref, ...]:
    """Whatever the decision read may change before its events are stored."""
    return ()


def holds_nothing(_state: Any) -> frozenset[str]:
    """The aggregate has nothing that only one of its kind may have."""
    return frozenset()


class Decider(msgspec.Struct, Generic[C, S], frozen=True, kw_only=True):
    """One aggregate: how its stream is named, folded and decided upon."""

    category: str
    """First part of the stream's name."""
    kind: str | None = None
    """Kind of the entity that the commands are about, where it is not the category (an account, in its hierarchy)."""
    initial_state: S
    evolve: Callable[[S, UUID, Event], S]
    """State, entity that the event names, event -> state. Never raises; another aggregate's event changes nothing."""
    decide: Callable[[C, S, Context], tuple[Event, ...]]
    """Events, or () for a command that changes nothing, or raises a Rejected."""
    reads: Callable[[C, S], tuple[Ref, ...]] = reads_nothing
    stream_id: Callable[[C], UUID | str] = lambda command: command.id
    relies_on: Callable[[C], tuple[Ref, ...]] = relies_on_nothing
    """Of what it reads, the aggregates that must not have changed when the events are stored."""
    holds: Callable[[S], frozenset[str]] = holds_nothing
    """The e-mail addresses, in normal form, that no other aggregate of the category may have in this state."""
