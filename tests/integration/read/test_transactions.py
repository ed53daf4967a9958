"""The API's transactions: one snapshot, one tenant, read-only, and nothing left on the connection."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from event_schemas.streams import TenantId
from read_api.database import Database, TransactionClosed

DEMO, OTHER = TenantId("demo"), TenantId("other")
COUNT = "select count(*) as n from deal_board"


@pytest.fixture
async def database(read_url: str) -> AsyncIterator[Database]:
    """A pool with a single connection, so that what one transaction left the next would find."""
    pool = await Database.connect(read_url, max_size=1)
    yield pool
    await pool.close()


async def test_a_transaction_sees_its_tenant_only(database: Database) -> None:
    """The same connection shows each tenant its own rows, and nobody's to a tenant that has none."""
    found = {}
    for tenant in (DEMO, OTHER, TenantId("nobody"), DEMO):
        async with database.transaction(tenant) as transaction:
            rows = await transaction.fetch("select distinct tenant from entity_states")
            found[tenant] = {row["tenant"] for row in rows}
    assert found == {DEMO: {"demo"}, OTHER: {"other"}, "nobody": set()}


async def test_no_tenant_no_rows(database: Database) -> None:
    """Outside of a transaction that binds a tenant the connection sees nothing."""
    async with database.transaction(DEMO) as transaction:
        assert (await transaction.fetch(COUNT))[0]["n"] > 0
    assert await database._pool.fetchval(COUNT) == 0


async def test_nothing_can_be_written(database: Database) -> None:
    """The API's role and its transactions are read-only."""
    async with database.transaction(DEMO) as transaction:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await transaction.fetch("delete from deal_board")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await database._pool.execute("set transaction read write; delete from deal_board")


async def test_control_tables_are_not_readable(database: Database) -> None:
    """How far the views are can be asked, but the watermarks cannot be read, nor the documents of the projections."""
    async with database.transaction(DEMO) as transaction:
        assert (await transaction.fetch("select view_position('postgres') as p"))[0]["p"] > 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await transaction.fetch("select * from watermarks")


async def test_all_statements_see_one_snapshot(database: Database, read_url: str) -> None:
    """What is committed after the first statement does not show in the second."""
    writer = await asyncpg.connect(read_url)
    async with database.transaction(DEMO) as transaction:
        before = (await transaction.fetch("select view_position('postgres') as p"))[0]["p"]
        await writer.execute("update watermarks set position = position + 1")
        again = (await transaction.fetch("select view_position('postgres') as p"))[0]["p"]
        await writer.execute("update watermarks set position = position - 1")
    await writer.close()
    assert again == before


async def test_concurrent_statements_wait_for_each_other(database: Database) -> None:
    """Resolvers may ask at once, though the connection takes one statement at a time."""
    async with database.transaction(DEMO) as transaction:
        rows = await asyncio.gather(*(transaction.fetch("select $1::int as n", number) for number in range(20)))
    assert [row[0]["n"] for row in rows] == list(range(20))


async def test_after_a_failure_everything_fails_alike(database: Database) -> None:
    """A statement after one that failed fails for the same reason, and the next transaction works."""
    async with database.transaction(DEMO) as transaction:
        for _ in range(2):
            with pytest.raises(asyncpg.DivisionByZeroError):
                await transaction.fetch("select 1 / 0")
    async with database.transaction(DEMO) as transaction:
        assert (await transaction.fetch(COUNT))[0]["n"] > 0


async def test_nothing_is_read_after_the_end(database: Database) -> None:
    """What asks too late gets an error, and takes no connection from the others."""
    transaction = database.transaction(DEMO)
    await transaction.fetch(COUNT)
    await transaction.close()
    with pytest.raises(TransactionClosed):
        await transaction.fetch(COUNT)
    async with database.transaction(DEMO) as another:
        assert (await another.fetch(COUNT))[0]["n"] > 0


@pytest.mark.parametrize("sql", ["select pg_sleep(60)", COUNT])
async def test_a_cancelled_request_leaves_a_clean_connection(
    sql: str, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """The client is gone in the middle of a statement; the next transaction is another tenant's, and works."""

    async def request() -> None:
        async with database.transaction(DEMO) as transaction:
            await transaction.fetch(sql)

    for rounds in range(6):
        task = asyncio.create_task(request())
        for _ in range(rounds):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task], timeout=5)
        assert task.done()
        async with database.transaction(OTHER) as transaction:
            rows = await transaction.fetch("select distinct tenant from deal_board")
        assert [row["tenant"] for row in rows] == ["other"]
    assert caplog.records == []


async def test_a_tenants_name_is_checked(database: Database) -> None:
    """What is no tenant's name never reaches a statement."""
    with pytest.raises(ValueError, match="no tenant's name"):
        database.transaction(TenantId("demo'; select 1; --"))
