"""What every start asks of the databases: their tables are there, or come about."""

import sys

import asyncpg
import pytest

from read_api.bootstrap import Addresses
from replay_tools.tables import LOG, VIEWS, migrated, newest

MIGRATIONS = ("write_side.adapters.migrations", "projections.migrations")


async def revisions(url: str) -> list[str]:
    """Of the log, and of the views."""
    connection = await asyncpg.connect(url)
    try:
        return [await connection.fetchval(f"select version_num from {table}") for _, table in (LOG, VIEWS)]
    finally:
        await connection.close()


async def test_an_empty_database_gets_all_tables(database: str) -> None:
    """What the names of the files say is the newest is what alembic arrives at."""
    await migrated(Addresses(database, database, "redis://127.0.0.1:1"))
    assert await revisions(database) == [newest("write_side"), newest("projections")]


async def test_what_is_there_needs_no_alembic(crm_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start that finds its tables does not wait for the modules that would make them."""
    for name in MIGRATIONS:
        monkeypatch.setitem(sys.modules, name, None)
    await migrated(Addresses(crm_database, crm_database, "redis://127.0.0.1:1"))


@pytest.mark.parametrize(("table", "of"), [(LOG[1], 0), (VIEWS[1], 1)])
async def test_what_lacks_a_revision_is_brought_on(
    crm_database: str, monkeypatch: pytest.MonkeyPatch, table: str, of: int
) -> None:
    """Also when the other of the two has all."""
    connection = await asyncpg.connect(crm_database)
    await connection.execute(f"update {table} set version_num = '0000'")
    await connection.close()
    monkeypatch.setitem(sys.modules, MIGRATIONS[of], None)
    with pytest.raises(ImportError, match=MIGRATIONS[of]):
        await migrated(Addresses(crm_database, crm_database, "redis://127.0.0.1:1"))
