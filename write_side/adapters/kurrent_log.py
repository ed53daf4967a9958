"""The log in EventStoreDB / KurrentDB, for readers. A position is a commit position: ordered, sparse, never made up."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Self
from uuid import UUID

from event_schemas.envelope import StoredEvent
from event_schemas.ports import ANY, EventFilter, EventLogUnavailable
from event_schemas.streams import START, Position, StreamName, TenantId, parse_stream
from write_side.adapters.keys import DerivedTenantKeys
from write_side.adapters.kurrent_connection import PAUSES, KurrentConnection, PositionUnknown
from write_side.adapters.kurrent_entities import EntityStreams
from write_side.adapters.kurrent_events import stored_event
from write_side.adapters.kurrent_filter import ServerFilter
from write_side.adapters.kurrent_follow import follow
from write_side.adapters.postgres_session import open_pool
from write_side.adapters.subject_salts import NoSalts, Salts, SubjectSalts

_AT_ONCE = 32
_NO_LIMIT = 2**63 - 1


class KurrentReading:
    """``EventLog``, of all tenants or of one."""

    def __init__(
        self, connection: KurrentConnection, salts: Salts, entities: EntityStreams, tenant: TenantId | None
    ) -> None:
        self._connection = connection
        self._salts = salts
        self._entities = entities
        self._tenant = tenant

    async def load(self, stream: StreamName, *, after: int = 0, until: int | None = None) -> Sequence[StoredEvent]:
        if self._is_foreign(parse_stream(stream).tenant):
            return []
        return await self._salts.attach(await load(self._connection, stream, after=after, until=until))

    async def load_many(self, streams: Mapping[StreamName, int]) -> Mapping[StreamName, Sequence[StoredEvent]]:
        turns = asyncio.Semaphore(_AT_ONCE)

        async def loaded(stream: StreamName, after: int) -> Sequence[StoredEvent]:
            async with turns:
                return await load(self._connection, stream, after=after)

        mine = {name: after for name, after in streams.items() if not self._is_foreign(parse_stream(name).tenant)}
        found = await asyncio.gather(*(loaded(name, after) for name, after in mine.items()))
        events = iter(await self._salts.attach([event for each in found for event in each]))
        opened = {name: [next(events) for _ in each] for name, each in zip(mine, found, strict=True)}
        return {name: opened.get(name, []) for name in streams}

    async def read_all(
        self, *, after: Position, limit: int, where: EventFilter = ANY, until: Position | None = None
    ) -> Sequence[StoredEvent]:
        asked = self._narrowed(where)
        if asked is None or limit <= 0 or (until is not None and until <= after):
            return []
        page = partial(self._page, ServerFilter(asked), limit, Position(_NO_LIMIT) if until is None else until)
        try:
            found = await self._connection.attempt(partial(page, after, after))
        except PositionUnknown:  # it was never told by this log, or lies beyond its end
            if after >= await self.head():
                return []
            found = await self._connection.attempt(partial(page, after, START))
        return await self._salts.attach(found)

    async def read_entity(
        self, tenant: TenantId, entity: UUID, *, after: Position, limit: int
    ) -> Sequence[StoredEvent]:
        """From the entity's own stream and from the hierarchy of the tenant's accounts.

        The streams that reserve e-mail addresses for a contact are not searched: their names cannot be found from here.
        """
        if self._is_foreign(tenant):
            return []
        events = await self._entities.events(tenant, entity)
        wanted = sorted((event for event in events if event.position > after), key=lambda event: event.position)
        return await self._salts.attach(wanted[:limit])

    async def follow(self, *, after: Position, where: EventFilter = ANY) -> AsyncIterator[Sequence[StoredEvent]]:
        asked = self._narrowed(where) or EventFilter(types=frozenset())
        following = follow(self._connection, after=after, where=asked, attach=self._salts.attach)
        async with aclosing(following) as batches:  # type: ignore[type-var] # the port names it an iterator
            async for batch in batches:
                yield batch

    async def head(self) -> Position:
        last = await self._connection.attempt(
            partial(
                self._connection.read,
                "read_all",
                backwards=True,
                limit=1,
                **ServerFilter(self._narrowed(ANY) or ANY).options,
            )
        )
        return Position(last[0].commit_position) if last else START

    async def _page(
        self,
        wanted: ServerFilter,
        limit: int,
        until: Position,
        after: Position,
        start: Position,
        *,
        unlimited: bool = False,
    ) -> list[StoredEvent]:
        """The server hands out the event at ``start`` too, and perhaps one twice: then it is asked for more."""
        found: list[StoredEvent] = []
        if wanted.nothing:
            return found
        options, asked, received, position = wanted.options, limit + 1, 0, after
        if wanted.is_exact and start == after and not unlimited:
            options = {"limit": asked, **options}
        async with aclosing(self._connection.records("read_all", commit_position=start or None, **options)) as records:
            async for record in records:
                received += 1
                if record.commit_position > until:
                    return found
                stored = stored_event(record) if record.commit_position > position else None
                if stored is not None and wanted.takes(stored):
                    found.append(stored)
                    position = stored.position
                    if len(found) == limit:
                        return found
        if received == asked and "limit" in options:
            return await self._page(wanted, limit, until, after, start, unlimited=True)
        return found

    def _is_foreign(self, tenant: TenantId) -> bool:
        return self._tenant is not None and tenant != self._tenant

    def _narrowed(self, where: EventFilter) -> EventFilter | None:
        """The filter within what this reader may see; None when that is nothing."""
        if self._tenant is None:
            return where
        if where.tenant is not None and where.tenant != self._tenant:
            return None
        return EventFilter(tenant=self._tenant, types=where.types)


class KurrentEventLog(KurrentReading):
    """The log over a connection of its own. The keys of people's data are beside it, in PostgreSQL, as one role sees.

    The server knows no tenants: who serves them reads through ``of_tenant``.
    """

    def __init__(self, connection: KurrentConnection, salts: Salts) -> None:
        super().__init__(connection, salts, EntityStreams(partial(load, connection)), None)

    @classmethod
    async def connect(
        cls,
        url: str,
        *,
        postgres_url: str | None,
        secret: bytes,
        role: str = "crm_worker",
        connections: int = 2,
        pauses: Sequence[float] = PAUSES,
    ) -> Self:
        """``secret`` is the master secret, which opens what is sealed; ``connections`` are those to PostgreSQL.

        Both servers may come up later. Without ``postgres_url`` nothing that is sealed can be opened.
        """
        connection = KurrentConnection.to(url, pauses=pauses)
        if postgres_url is None:
            return cls(connection, NoSalts())
        pool = await open_pool(postgres_url, role, connections)
        return cls(connection, SubjectSalts(pool, DerivedTenantKeys(secret)))

    def of_tenant(self, tenant: TenantId) -> KurrentReading:
        """The same log as one tenant may see it; cheap, made for one request."""
        return KurrentReading(self._connection, self._salts.of_tenant(tenant), self._entities, tenant)

    def wake(self, head: Position = START) -> None:
        """Nobody has to: the server tells its subscribers itself."""

    async def close(self) -> None:
        """Give the connections back; whoever follows is told."""
        await self._connection.close()
        await self._salts.close()


async def load(
    connection: KurrentConnection, stream: StreamName, *, after: int = 0, until: int | None = None
) -> list[StoredEvent]:
    """Events of one stream with after < version <= until, without keys; () for a stream that does not exist."""
    limit = _NO_LIMIT if until is None else until - after
    if limit <= 0:
        return []
    read = partial(connection.read, "read_stream", stream, stream_position=after, limit=limit)
    try:
        records = await connection.attempt(read)
    except connection.library.not_found:
        return []
    return _unbroken(stream, after, [stored for record in records if (stored := stored_event(record)) is not None])


def _unbroken(stream: StreamName, after: int, events: Sequence[StoredEvent]) -> list[StoredEvent]:
    """In order and each once, whatever was sent twice. A hole would be a state that never was."""
    kept: list[StoredEvent] = []
    for event in events:
        due = after + len(kept) + 1
        if event.stream_version > due:
            raise EventLogUnavailable(f"{stream}: version {event.stream_version} came where {due} was due")
        if event.stream_version == due:
            kept.append(event)
    return kept
