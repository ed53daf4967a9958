"""What surrounds a command: who asks, under which key, and how the answer looks."""

import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from event_schemas.streams import Position, TenantId
from event_schemas.token import ConsistencyToken


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One command's surroundings, as the edge received them."""

    tenant: TenantId
    actor: str
    source: str
    admin: bool = False
    """Whether the actor has the role of an admin."""
    sent: Mapping[str, Any]
    """The fields that the client sent, JSON-able; a repeat under the same key must send the same."""
    idempotency_key: str | None = None
    expected_version: int | None = None
    occurred_at: datetime | None = None
    """When it was true in the business; None means now."""
    correlation_id: UUID | None = None
    causation_id: UUID | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What an accepted command left behind."""

    entity_id: UUID
    version: int
    """The entity's version: its own stream's events, bookkeeping not counted."""
    position: Position
    token: ConsistencyToken
    events: int
    """How many events this command appended; 0 when it changed nothing or is a repeat."""
    repeated: bool = False


class Refused(Exception):
    """The system refuses the command; nothing was appended. ``code`` is the wire code."""

    code = "BAD_REQUEST"


class EntityVersionConflict(Refused):
    """The client expected another version of the entity."""

    code = "VERSION_CONFLICT"


class IdempotencyMismatch(Refused):
    """The key was used before for another request."""

    code = "IDEMPOTENCY_MISMATCH"


class OccurredOutOfOrder(Refused):
    """The command would have happened before something that the entity already went through, or in the future."""

    code = "OCCURRED_OUT_OF_ORDER"


class Contention(Refused):
    """Others kept appending to the stream first; the same command may be sent again."""

    code = "UNAVAILABLE"


def request_digest(key: bytes, command: str, request: Request) -> str:
    """HMAC-SHA256 (hex) of command type, actor, fields sent and business time."""
    return digest_of(key, canonical_form(command, request))


def canonical_form(command: str, request: Request) -> bytes:
    """What of a request is digested: alike for two that ask for the same."""
    occurred = request.occurred_at.isoformat() if request.occurred_at else None
    return msgspec.json.encode([command, request.actor, request.sent, occurred], order="sorted")


def digest_of(key: bytes, canonical: bytes) -> str:
    """HMAC-SHA256 (hex)."""
    return hmac.digest(key, canonical, "sha256").hex()
