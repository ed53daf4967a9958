"""A fence: an event that changes nothing, so that whoever read the stream before it has to read it again."""

from uuid import uuid5

from msgspec.structs import replace

from event_schemas.bookkeeping import CommandAccepted
from event_schemas.envelope import Origin, StreamHead
from event_schemas.registry import Event
from event_schemas.streams import StreamName, parse_stream
from write_side.application.ports import EventStore
from write_side.domain.decider import Ref


async def fence(store: EventStore, stream: StreamName, ref: Ref, *, head: StreamHead, origin: Origin) -> None:
    """Append to another aggregate's stream, as it was read; raises VersionConflict when it has gone on since.

    Of two commands that each read what the other is about to change, and fence it first, at most one gets through.
    """
    fact = CommandAccepted(target_id=ref.id)  # type: ignore[arg-type]  # only entities are fenced
    await append_beside(store, stream, (fact,), head=head, origin=origin)


async def append_beside(
    store: EventStore, stream: StreamName, events: tuple[Event, ...], *, head: StreamHead, origin: Origin
) -> None:
    """Append to a stream that is not the command's own; what a conflict made void is appended anew, under new ids."""
    command = uuid5(origin.command_id, f"beside\n{parse_stream(stream).category}\n{head.version}")
    await store.append(stream, events, expected=head, origin=replace(origin, command_id=command))
