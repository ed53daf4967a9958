"""An e-mail address of a tenant: free, or reserved for a contact. Whether that one really has it, it says itself."""

from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

import msgspec

from event_schemas import email as events
from event_schemas.registry import Event
from write_side.domain.decider import Command, Context, Decider
from write_side.domain.errors import Rejected

CATEGORY = "email"
PATIENCE = timedelta(minutes=10)
"""How long a reservation that is not used is respected."""


class Free(msgspec.Struct, frozen=True):
    """Nobody has the address."""


class Reserved(msgspec.Struct, frozen=True):
    """It is this contact's."""

    contact_id: UUID


State = Free | Reserved


class ReserveEmail(Command, frozen=True, kw_only=True):
    """Keep the address for a contact; again for the same one, so that the reservation is young when it is used."""

    address: str
    """Its HMAC, which names the stream."""
    used: bool
    """Whether the contact that it is reserved for now has the address."""
    reserved_at: datetime | None
    """When it was reserved, if it is."""


class ReleaseEmail(Command, frozen=True, kw_only=True):
    """Keep the address for the contact no more."""

    address: str


Commands = ReserveEmail | ReleaseEmail


class EmailTaken(Rejected):
    """Another contact has the e-mail address."""

    field = "email"

    def __init__(self, message: str, *, holder_id: UUID | None = None) -> None:
        super().__init__(message)
        self.holder_id = holder_id


class EmailReserved(Rejected):
    """Another contact is about to have the e-mail address."""

    field = "email"


initial_state: State = Free()


def evolve(state: State, _entity: UUID, event: Event) -> State:
    """State after an event."""
    match event:
        case events.EmailReserved():
            return Reserved(event.contact_id)
        case events.EmailReleased():
            return Free() if state == Reserved(event.contact_id) else state
        case _:
            return state


def decide(command: Commands, state: State, context: Context) -> tuple[Event, ...]:
    """Events of a command; releasing what is not the contact's decides nothing."""
    match command:
        case ReserveEmail():
            if isinstance(state, Reserved) and state.contact_id != command.id:
                _check_unused(command, state.contact_id, context.occurred_at)
            return (events.EmailReserved(contact_id=command.id),)
        case ReleaseEmail():
            return (events.EmailReleased(contact_id=command.id),) if state == Reserved(command.id) else ()
        case _:
            assert_never(command)


def _check_unused(command: ReserveEmail, holder: UUID, now: datetime) -> None:
    if command.used:
        raise EmailTaken(
            f"contact {holder} has this e-mail address: use that contact, merge the two, or change its address",
            holder_id=holder,
        )
    free_at = (command.reserved_at or now) + PATIENCE
    if now < free_at:
        raise EmailReserved(
            f"contact {holder} is just getting this e-mail address: try again, at {free_at:%H:%M:%S} UTC at the latest"
        )


DECIDER: Decider[Commands, State] = Decider(
    category=CATEGORY,
    initial_state=initial_state,
    evolve=evolve,
    decide=decide,
    stream_id=lambda command: command.address,
)
