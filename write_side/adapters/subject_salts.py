"""What opens the personal data in events of a log that is kept elsewhere: salts in PostgreSQL, looked up for each read.

Nothing is kept: an erasure counts at once.
"""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from msgspec.structs import replace

from event_schemas.envelope import LOST_KEY, StoredEvent
from event_schemas.streams import TenantId
from write_side.adapters.keys import DerivedTenantKeys
from write_side.adapters.postgres_queries import queries
from write_side.adapters.postgres_session import Pool, outages_named

Subject = tuple[TenantId, UUID]


class Salts(Protocol):
    """Attaches keys to events that were read."""

    def of_tenant(self, tenant: TenantId) -> "Salts":
        """Those of one tenant alone."""
        ...

    async def attach(self, events: Sequence[StoredEvent]) -> Sequence[StoredEvent]:
        """The same events with their keys."""
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...


class NoSalts:
    """For who opens nothing: what is sealed stays so, and is never taken for erased."""

    def of_tenant(self, _tenant: TenantId) -> Salts:
        return self

    async def attach(self, events: Sequence[StoredEvent]) -> Sequence[StoredEvent]:
        return [event if event.subject_id is None else replace(event, key=LOST_KEY) for event in events]

    async def close(self) -> None:
        """There is nothing to give back."""


class SubjectSalts:
    """Keys for events as one database role may have them; with ``tenant``, those of that tenant alone."""

    def __init__(self, pool: Pool, keys: DerivedTenantKeys, *, tenant: TenantId | None = None) -> None:
        self._pool = pool
        self._keys = keys
        self._tenant = tenant

    def of_tenant(self, tenant: TenantId) -> "SubjectSalts":
        """As row-level security shows them to one tenant."""
        return SubjectSalts(self._pool, self._keys, tenant=tenant)

    async def attach(self, events: Sequence[StoredEvent]) -> Sequence[StoredEvent]:
        """The same events with their keys. Raises EventLogUnavailable when there is a subject and no PostgreSQL."""
        asked = {(event.tenant, event.subject_id) for event in events if event.subject_id is not None}
        if not asked:
            return events
        found = await self._find(sorted(asked))
        return [
            event
            if event.subject_id is None
            else replace(event, key=found.get((event.tenant, event.subject_id), LOST_KEY))
            for event in events
        ]

    async def _find(self, asked: Sequence[Subject]) -> dict[Subject, bytes | None]:
        tenants, people = zip(*asked, strict=True)
        sql = queries("subject_keys")["find"]
        with outages_named():
            if self._tenant is None:
                rows = await self._pool.fetch(sql, tenants, people)
            else:
                async with self._pool.acquire() as connection, connection.transaction(readonly=True):
                    await connection.execute(queries("log")["bind_tenant"], self._tenant)
                    rows = await connection.fetch(sql, tenants, people)
        return {
            (tenant, subject): self._keys.subject_key(tenant, salt) if salt else None for tenant, subject, salt in rows
        }

    async def close(self) -> None:
        """Give the connections back."""
        await self._pool.close()
