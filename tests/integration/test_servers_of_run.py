"""The servers that the other tests run on."""

import asyncpg
import pytest
import redis


async def test_database_is_empty_and_its_own(database: str, postgres_url: str) -> None:
    """A test gets a database without tables, which is not the shared one."""
    connection = await asyncpg.connect(database)
    try:
        assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
        assert await connection.fetchval("SELECT current_database()") not in postgres_url
        await connection.execute("CREATE TABLE mine ()")
    finally:
        await connection.close()


@pytest.mark.parametrize("turn", [1, 2])
async def test_crm_database_has_all_tables_and_no_rows(crm_database: str, turn: int) -> None:
    """A test gets the migrated tables of the log and the views; what it stores, the next one does not see."""
    connection = await asyncpg.connect(crm_database)
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        assert {"log_events", "entity_states"} < {table["tablename"] for table in tables}
        assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE tablename = 'left_behind'") == 0
        await connection.execute(f"CREATE TABLE left_behind AS SELECT {turn} AS turn")
    finally:
        await connection.close()


@pytest.mark.parametrize("turn", [1, 2])
def test_redis_is_empty_for_each_test(redis_url: str, turn: int) -> None:
    """What one test stores, the next one does not see."""
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("left behind", turn)
