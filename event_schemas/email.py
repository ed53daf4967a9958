"""Events of an e-mail address of a tenant: whose it is. The stream's name is its HMAC; the address is nowhere."""

from uuid import UUID

from event_schemas.registry import Event, event


@event("email.reserved", entity_field="contact_id")
class EmailReserved(Event, frozen=True, kw_only=True):
    """A contact is about to have the address, or has it; nobody else may."""

    contact_id: UUID


@event("email.released", entity_field="contact_id")
class EmailReleased(Event, frozen=True, kw_only=True):
    """The contact does not have the address any more."""

    contact_id: UUID
