"""The log's tables come about once, whoever asks how often."""

import asyncio

import asyncpg

from tests.support.databases import fresh_database
from write_side.adapters.migrations import SCRIPTS, upgrade


async def revision(url: str) -> str | None:
    """The newest revision that the database has."""
    connection = await asyncpg.connect(url)
    try:
        found: str | None = await connection.fetchval("select version_num from alembic_version_log")
        return found
    finally:
        await connection.close()


def newest() -> str:
    """The newest revision that the package has: that of its last script."""
    return max(script.name.partition("_")[0] for script in SCRIPTS.glob("*.sql"))


async def test_an_empty_database_gets_all_revisions(database: str) -> None:
    """Each script has its revision, and the last one is reached."""
    await upgrade(database)
    assert await revision(database) == newest()


async def test_upgrading_again_changes_nothing(database: str) -> None:
    """The log that is there stays."""
    await upgrade(database)
    connection = await asyncpg.connect(database)
    await connection.execute("update log_head set position = 7")
    await upgrade(database)
    assert await connection.fetchval("select log_position()") == 7
    await connection.close()


async def test_upgrades_at_once_wait_for_each_other(database: str) -> None:
    """Several processes may start on one new database."""
    await asyncio.gather(*(upgrade(database) for _ in range(4)))
    assert await revision(database) == newest()


async def test_databases_of_one_server_may_be_upgraded_at_once(postgres_url: str) -> None:
    """The roles are the server's, and each database's migration wants to make them."""
    async with fresh_database(postgres_url) as one, fresh_database(postgres_url) as two:
        await asyncio.gather(upgrade(one), upgrade(two))
        assert await revision(one) == await revision(two) == newest()
