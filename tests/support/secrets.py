"""Secrets that are none: fixed, so that what tests seal is the same in every process and every run."""

from hashlib import sha256
from typing import Final
from uuid import UUID

from event_schemas.streams import TenantId
from write_side.adapters.keys import DerivedTenantKeys

MASTER: Final = b"the master secret of one test, 32 bytes and more"
_KEYS: Final = DerivedTenantKeys(MASTER)


def salt_of(subject: UUID) -> bytes:
    """The same person has the same salt."""
    return sha256(subject.bytes).digest()


def key_of(tenant: TenantId, subject: UUID) -> bytes:
    """What a log with that salt opens and seals with."""
    return _KEYS.subject_key(tenant, salt_of(subject))
