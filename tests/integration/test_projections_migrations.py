"""The tables of the views: brought up to date by whoever asks, any number of times."""

import asyncio

import asyncpg

from projections.catalog import POSTGRES
from projections.migrations import upgrade


async def tables(url: str) -> set[str]:
    """The tables of a database."""
    connection = await asyncpg.connect(url)
    try:
        found = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
        return {row[0] for row in found}
    finally:
        await connection.close()


async def test_an_empty_database_gets_every_table_of_the_views(database: str) -> None:
    """Without the tables of the log, which may be in another database."""
    await upgrade(database)
    assert {*POSTGRES.tables, "watermarks", "documents", "dead_letters"} <= await tables(database)


async def test_several_at_once_do_it_once(database: str) -> None:
    """Two processes that start together, and one that comes later."""
    await asyncio.gather(upgrade(database), upgrade(database), upgrade(database))
    before = await tables(database)
    await upgrade(database)
    assert await tables(database) == before
