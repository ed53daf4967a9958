"""What each database role may do to the log."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import pytest

from event_schemas.codec import UndecodableEvent, decode
from event_schemas.envelope import EMPTY
from event_schemas.ports import EventFilter, EventLogUnavailable
from event_schemas.streams import START, StreamName, TenantId, parse_stream
from tests.contract.event_store import DEMO, OTHER_TENANT, a_stream, amounts, origin
from tests.contract.event_store_reading import take
from tests.contract.event_store_sealing import CAPTURED, a_lead, facts_of
from tests.support.secrets import MASTER
from write_side.adapters.postgres import PostgresEventStore
from write_side.adapters.postgres_log import PostgresEventLog

ROLES = ("crm_api", "crm_worker", "crm_append")


@asynccontextmanager
async def log_as(url: str, role: str) -> AsyncIterator[PostgresEventLog]:
    """The log as a role reads it."""
    log = await PostgresEventLog.connect(url, secret=MASTER, role=role)
    try:
        yield log
    finally:
        await log.close()


@asynccontextmanager
async def connected(url: str, role: str | None = None) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection in a role, or as the superuser."""
    connection = await asyncpg.connect(url, server_settings={"role": role} if role else {})
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
async def streams(crm_database: str) -> dict[TenantId, StreamName]:
    """One stream of each of two tenants, with two events in each."""
    store = await PostgresEventStore.connect(crm_database, secret=MASTER)
    made = {tenant: a_stream(tenant) for tenant in (DEMO, OTHER_TENANT)}
    for tenant, stream in made.items():
        await store.append(stream, amounts(1, 2), expected=EMPTY, origin=origin(tenant=tenant))
    await store.close()
    return made


def entity(stream: StreamName) -> UUID:
    """The entity that a stream is about."""
    return UUID(parse_stream(stream).id)


async def test_the_api_sees_one_tenant(crm_database: str, streams: dict[TenantId, StreamName]) -> None:
    """Bound to a tenant, every read of the API's role is empty where another tenant's events are."""
    async with log_as(crm_database, "crm_api") as log:
        demo, foreign = log.of_tenant(DEMO), streams[OTHER_TENANT]
        assert [event.position for event in await demo.read_all(after=START, limit=10)] == [1, 2]
        assert len(await demo.load(streams[DEMO])) == 2
        assert len(await demo.read_entity(DEMO, entity(streams[DEMO]), after=START, limit=10)) == 2
        assert list(await demo.load(foreign)) == []
        assert await demo.load_many({foreign: 0}) == {foreign: []}
        assert list(await demo.read_entity(OTHER_TENANT, entity(foreign), after=START, limit=10)) == []
        assert list(await demo.read_all(after=START, limit=10, where=EventFilter(tenant=OTHER_TENANT))) == []


async def test_the_api_sees_nothing_without_a_tenant(crm_database: str, streams: dict[TenantId, StreamName]) -> None:
    """Not even after a connection has served one: the binding ends with its transaction."""
    async with log_as(crm_database, "crm_api") as log:
        assert len(await log.of_tenant(DEMO).load(streams[DEMO])) == 2
        assert list(await log.load(streams[DEMO])) == []
        assert list(await log.read_all(after=START, limit=10)) == []


async def test_each_role_opens_what_it_may_see(crm_database: str) -> None:
    """Personal data: workers of every tenant, the API of the tenant that it is bound to and of nobody without."""
    store = await PostgresEventStore.connect(crm_database, secret=MASTER)
    leads = {tenant: a_lead(tenant) for tenant in (DEMO, OTHER_TENANT)}
    for tenant, stream in leads.items():
        await store.append(stream, (CAPTURED,), expected=EMPTY, origin=origin(tenant=tenant))
    await store.close()
    for role in ("crm_worker", "crm_append"):
        async with log_as(crm_database, role) as log:
            assert facts_of(await log.read_all(after=START, limit=10)) == [CAPTURED, CAPTURED]
    async with log_as(crm_database, "crm_api") as log:
        assert facts_of(await log.of_tenant(DEMO).read_all(after=START, limit=10)) == [CAPTURED]
        assert facts_of(await log.of_tenant(DEMO).load(leads[DEMO])) == [CAPTURED]
    async with connected(crm_database, "crm_api") as connection:
        assert await connection.fetchval("select count(*) from subject_keys") == 0
        async with connection.transaction():
            await connection.execute("select set_config('crm.tenant', 'demo', true)")
            assert [row["tenant"] for row in await connection.fetch("select tenant from subject_keys")] == [DEMO]


async def test_another_master_secret_opens_nothing(crm_database: str) -> None:
    """It is loud: the events cannot be read, and do not look erased."""
    store = await PostgresEventStore.connect(crm_database, secret=MASTER)
    stream = a_lead()
    await store.append(stream, (CAPTURED,), expected=EMPTY, origin=origin())
    await store.close()
    other = await PostgresEventLog.connect(crm_database, secret=b"another secret, of 32 bytes and more")
    (event,) = await other.load(stream)
    await other.close()
    with pytest.raises(UndecodableEvent, match="cannot be opened"):
        decode(event)
    with pytest.raises(ValueError, match="needs at least 32"):
        await PostgresEventLog.connect(crm_database, secret=b"")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "statement",
    ["update subject_keys set salt = null, erased_at = now()", "delete from subject_keys", "truncate subject_keys"],
)
async def test_no_role_throws_a_salt_away(crm_database: str, role: str, statement: str) -> None:
    """Whoever serves or appends may not erase, by mistake or otherwise."""
    async with connected(crm_database, role) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


async def test_the_api_follows_one_tenant(crm_database: str, streams: dict[TenantId, StreamName]) -> None:
    """Events of others lie in between and are not seen; new ones of its own come."""
    async with log_as(crm_database, "crm_api") as log:
        following = log.of_tenant(DEMO).follow(after=START)
        assert [event.position for event in await take(following, 2)] == [1, 2]
        waiting = asyncio.create_task(take(following, 1))
        store = await PostgresEventStore.connect(crm_database, secret=MASTER)
        for tenant in (OTHER_TENANT, DEMO):
            await store.append(a_stream(tenant), amounts(1), expected=EMPTY, origin=origin(tenant=tenant))
        await store.close()
        assert [event.position for event in await asyncio.wait_for(waiting, 10)] == [6]


@pytest.mark.parametrize("role", ROLES)
async def test_every_reader_knows_the_head(crm_database: str, streams: dict[TenantId, StreamName], role: str) -> None:
    """How long the log is, is no tenant's secret."""
    async with log_as(crm_database, role) as log:
        assert await log.head() == 4
    assert streams


async def test_an_append_wakes_another_log_at_once(crm_database: str) -> None:
    """Followers that hardly ever poll get what their process appends: the store's own, another log's by the hook."""
    log = await PostgresEventLog.connect(crm_database, secret=MASTER, poll_seconds=3600)
    store = await PostgresEventStore.connect(crm_database, secret=MASTER, on_append=log.wake, poll_seconds=3600)
    followers = [log.follow(after=START), store.follow(after=START)]
    for number in (1, 2, 3):
        waiting = [asyncio.create_task(take(following, 1)) for following in followers]
        await asyncio.sleep(0.05)
        await store.append(a_stream(), amounts(1), expected=EMPTY, origin=origin())
        for each in waiting:
            assert [event.position for event in await asyncio.wait_for(each, 10)] == [number]
    await store.close()
    await log.close()


async def test_a_log_that_is_closed_is_unavailable(crm_database: str) -> None:
    """Those who wait for more are told, and so is who reads."""
    log = await PostgresEventLog.connect(crm_database, secret=MASTER)
    waiting = asyncio.create_task(take(log.follow(after=START), 1))
    await log.head()
    await log.close()
    with pytest.raises(EventLogUnavailable):
        await asyncio.wait_for(waiting, 10)
    with pytest.raises(EventLogUnavailable):
        await log.head()


@pytest.mark.parametrize(
    "statement",
    ["update log_events set type = 'x'", "delete from log_events", "truncate log_events"],
)
async def test_the_log_is_append_only(crm_database: str, streams: dict[TenantId, StreamName], statement: str) -> None:
    """Not even the superuser changes an event by mistake."""
    async with connected(crm_database) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await connection.execute(statement)
    assert streams


@pytest.mark.parametrize("role", ["crm_api", "crm_worker"])
@pytest.mark.parametrize(
    "statement",
    [
        "update log_head set position = 0",
        "delete from log_events",
        "insert into log_events (position) values (99)",
        "insert into subject_keys (tenant, subject_id) values ('demo', gen_random_uuid())",
        f"select * from append_events({', '.join(3 * ['null'])})",
    ],
)
async def test_readers_do_not_write(crm_database: str, role: str, statement: str) -> None:
    """Neither the API's nor the workers' role may change the log or its counter."""
    async with connected(crm_database, role) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


async def test_the_counter_is_not_the_api_s(crm_database: str) -> None:
    """A control table has no tenant, so the API's role does not get at it."""
    async with connected(crm_database, "crm_api") as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("select * from log_head")
