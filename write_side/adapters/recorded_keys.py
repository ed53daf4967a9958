"""The keys of people for a log that a recorder keeps: in memory, or in a table beside the log in SQLite. Blocking."""

import os
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from eventsourcing.sqlite import SQLiteDatastore

from event_schemas.envelope import LOST_KEY
from event_schemas.streams import TenantId
from write_side.adapters.keys import SALT_BYTES, DerivedTenantKeys
from write_side.adapters.postgres_queries import queries
from write_side.application.ports import SubjectErased


class RecordedKeys(Protocol):
    """Used from one thread at a time."""

    def make(self, tenant: TenantId, subjects: Collection[UUID]) -> Mapping[UUID, bytes]:
        """A key for each, made when it is first asked for; raises SubjectErased."""
        ...

    def find(self, tenant: TenantId, subject: UUID) -> bytes | None:
        """What opens the person's data: None when it was erased, LOST_KEY when it was never made here."""
        ...

    def erase(self, tenant: TenantId, subject: UUID) -> None:
        """Throw a person's key away, for ever."""
        ...


class MemoryKeys:
    """Keys that are gone with this object, and all that they sealed with them."""

    def __init__(self) -> None:
        self._keys: dict[tuple[TenantId, UUID], bytes | None] = {}

    def make(self, tenant: TenantId, subjects: Collection[UUID]) -> Mapping[UUID, bytes]:
        """See RecordedKeys."""
        return {subject: self._made(tenant, subject) for subject in subjects}

    def find(self, tenant: TenantId, subject: UUID) -> bytes | None:
        """See RecordedKeys."""
        return self._keys.get((tenant, subject), LOST_KEY)

    def erase(self, tenant: TenantId, subject: UUID) -> None:
        """See RecordedKeys."""
        self._keys[tenant, subject] = None

    def _made(self, tenant: TenantId, subject: UUID) -> bytes:
        key = self._keys.setdefault((tenant, subject), os.urandom(32))
        if key is None:
            raise SubjectErased(subject)
        return key


class SQLiteKeys:
    """Salts in the file of the log; a key is one of them under the tenant's own key."""

    def __init__(self, datastore: SQLiteDatastore, tenants: DerivedTenantKeys) -> None:
        self._datastore = datastore
        self._tenants = tenants
        self._sql = queries("sqlite_keys")
        with datastore.transaction(commit=True) as cursor:
            cursor.execute(self._sql["create"])

    def make(self, tenant: TenantId, subjects: Collection[UUID]) -> Mapping[UUID, bytes]:
        """See RecordedKeys."""
        with self._datastore.transaction(commit=True) as cursor:
            for subject in subjects:
                cursor.execute(self._sql["make"], (tenant, str(subject), os.urandom(SALT_BYTES), _now()))
        found = {subject: self.find(tenant, subject) for subject in subjects}
        keys = {subject: key for subject, key in found.items() if key is not None}
        for subject in found.keys() - keys.keys():
            raise SubjectErased(subject)
        return keys

    def find(self, tenant: TenantId, subject: UUID) -> bytes | None:
        """See RecordedKeys."""
        with self._datastore.transaction(commit=False) as cursor:
            cursor.execute(self._sql["find"], (tenant, str(subject)))
            row = cursor.fetchone()
        if row is None:
            return LOST_KEY
        return None if row[0] is None else self._tenants.subject_key(tenant, row[0])

    def erase(self, tenant: TenantId, subject: UUID) -> None:
        """See RecordedKeys."""
        with self._datastore.transaction(commit=True) as cursor:
            cursor.execute(self._sql["erase"], (tenant, str(subject), _now(), _now()))


def _now() -> str:
    return datetime.now(UTC).isoformat()
