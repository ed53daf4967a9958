"""The keys of people whose personal data is stored, in PostgreSQL: made many in a call, and kept for who appends."""

import asyncio
import os
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from event_schemas.ports import EventLogUnavailable
from event_schemas.streams import TenantId
from write_side.adapters.keys import SALT_BYTES, DerivedTenantKeys
from write_side.adapters.postgres_queries import queries
from write_side.adapters.postgres_session import Pool, outages_named
from write_side.application.ports import EventStoreUnavailable, SubjectErased

KEPT = 50_000
CALL = 1_000
"""At most so many people in one call."""

Subject = tuple[TenantId, UUID]
Keys = dict[Subject, bytes | None]
"""None: erased."""


class _Waiting(NamedTuple):
    """Somebody who asked for keys that are not kept."""

    subjects: Collection[Subject]
    answer: asyncio.Future[Keys]

    def settle(self, outcome: Keys | Exception) -> None:
        """Answer, unless nobody waits any more."""
        if self.answer.done():
            return
        if isinstance(outcome, Exception):
            self.answer.set_exception(outcome)
        else:
            self.answer.set_result(outcome)


class PostgresSubjectKeys:
    """``SubjectKeys``. Those that are kept may be of people erased since: the log itself refuses what they seal."""

    def __init__(self, pool: Pool, tenants: DerivedTenantKeys, *, pauses: Sequence[float], kept: int = KEPT) -> None:
        self._pool = pool
        self._tenants = tenants
        self._pauses = pauses
        self._size = kept
        self._kept: OrderedDict[Subject, bytes] = OrderedDict()
        self._waiting: list[_Waiting] = []
        self._calls: asyncio.Task[None] | None = None
        self._sql = queries("subject_keys")["make"]

    async def keys(self, tenant: TenantId, subjects: Collection[UUID]) -> Mapping[UUID, bytes]:
        """See the port. Callers that wait at the same time share a call."""
        found = {subject: self._kept.get((tenant, subject)) for subject in subjects}
        if unknown := [(tenant, subject) for subject, key in found.items() if key is None]:
            called = await self._called(unknown)
            found |= {subject: called[tenant, subject] for _, subject in unknown}
        keys = {subject: key for subject, key in found.items() if key is not None}
        for subject in found.keys() - keys.keys():
            raise SubjectErased(subject)
        for subject, key in keys.items():
            self._keep((tenant, subject), key)
        return keys

    def forget(self, tenant: TenantId, subjects: Collection[UUID]) -> None:
        """The log refused what these keys seal: look again when they are asked for next."""
        for subject in subjects:
            self._kept.pop((tenant, subject), None)

    def _keep(self, subject: Subject, key: bytes) -> None:
        self._kept[subject] = key
        self._kept.move_to_end(subject)
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)

    async def _called(self, subjects: Collection[Subject]) -> Keys:
        waiting = _Waiting(subjects, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._calls is None:
            self._calls = asyncio.create_task(self._call_while_somebody_waits(), name="make keys of people")
        return await waiting.answer

    async def _call_while_somebody_waits(self) -> None:
        """One call after the other, each for all who wait by then."""
        try:
            while waiting := self._waiting:
                self._waiting = []
                outcome: Keys | Exception
                try:
                    outcome = await self._call({subject for each in waiting for subject in each.subjects})
                except Exception as error:  # noqa: BLE001 -- whatever it is, it is the answer to everybody who asked
                    outcome = error
                for each in waiting:
                    each.settle(outcome)
        finally:
            self._calls = None

    async def _call(self, asked: set[Subject]) -> Keys:
        found: Keys = {}
        while missing := sorted(asked - found.keys(), key=_in_order)[
            :CALL
        ]:  # in one order everywhere, against deadlocks
            for tenant, subject, salt in await self._salts(missing):
                found[tenant, subject] = None if salt is None else self._tenants.subject_key(tenant, salt)
        return found

    async def _salts(self, subjects: Sequence[Subject]) -> Sequence[tuple[TenantId, UUID, bytes | None]]:
        """One call, again after an outage. A salt that was offered and not answered may be there: then it is found."""
        tenants, people = zip(*subjects, strict=True)
        offered = [os.urandom(SALT_BYTES) for _ in people]
        for pause in (*self._pauses, None):
            try:
                with outages_named():
                    return [tuple(row) for row in await self._pool.fetch(self._sql, tenants, people, offered)]
            except EventLogUnavailable as error:
                if pause is None:
                    raise EventStoreUnavailable(str(error)) from error
            await asyncio.sleep(pause)
        return ()


def _in_order(subject: Subject) -> tuple[TenantId, int]:
    """As PostgreSQL orders them; comparing UUIDs themselves takes ten times as long."""
    return subject[0], subject[1].int
