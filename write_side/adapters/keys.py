"""Keys derived from one master secret: of tenants, and of the people whose personal data they keep."""

import hmac
from functools import lru_cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from event_schemas.streams import TenantId

MASTER_BYTES = 32
SALT_BYTES = 32


class DerivedTenantKeys:
    """HKDF-SHA256 of the master secret, one key per tenant and purpose.

    Digests, streams of addresses and everything sealed depend on it: it must never change.
    """

    def __init__(self, master: bytes) -> None:
        if len(master) < MASTER_BYTES:
            raise ValueError(f"the master secret has {len(master)} bytes; it needs at least {MASTER_BYTES}")
        self._master = master
        self._derived = lru_cache(maxsize=10_000)(self._derive)

    def digest_key(self, tenant: TenantId) -> bytes:
        """The 32-byte key of the tenant's request digests."""
        return self._derived(f"eventcrm.request-digest.1\n{tenant}")

    def email_key(self, tenant: TenantId) -> bytes:
        """The 32-byte key of the HMACs that name the streams of the tenant's e-mail addresses."""
        return self._derived(f"eventcrm.email.1\n{tenant}")

    def sealing_key(self, tenant: TenantId) -> bytes:
        """The 32-byte key that the keys of the tenant's data subjects derive from."""
        return self._derived(f"eventcrm.sealing.1\n{tenant}")

    def subject_key(self, tenant: TenantId, salt: bytes) -> bytes:
        """The 32-byte key of the person who has this salt: HMAC-SHA256 of it under the tenant's sealing key."""
        return hmac.digest(self.sealing_key(tenant), salt, "sha256")

    def _derive(self, purpose: str) -> bytes:
        return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose.encode()).derive(self._master)
