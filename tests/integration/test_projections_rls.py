"""Row-level security of every table of the views; the catalogue says which there are, so a new one is not forgotten."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import asyncpg
import msgspec
import pytest

from event_schemas.streams import TenantId
from projections.catalog import POSTGRES
from projections.sinks.connection import Connection
from tests.support.histories import everything
from tests.support.views import project_rows
from write_side.adapters import migrations as write_side_migrations

CONTROL = {"watermarks", "documents", "relayed"}
MIGRATIONS = {"alembic_version_log", "alembic_version_views"}
WRITING = ("insert", "update", "delete", "truncate", "references", "trigger")


@asynccontextmanager
async def connected(url: str, role: str | None = None) -> AsyncIterator[Connection]:
    """A connection in a role."""
    connection: Connection = await asyncpg.connect(url, server_settings={"role": role} if role else None)
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
async def filled(crm_database: str) -> str:
    """Views with rows of the tenants demo and other, and a dead letter of each."""
    events = everything(Random(1), 300)
    events += everything(Random(2), 300, tenant=TenantId("other"), after=len(events))
    for at in (290, -10):
        events[at] = msgspec.structs.replace(events[at], data=b"")
    await project_rows(crm_database, events)
    return crm_database


@pytest.fixture
async def log_tables(database: str) -> set[str]:
    """The tables of the write side, which has rules of its own."""
    await write_side_migrations.upgrade(database)
    async with connected(database) as connection:
        return await all_tables(connection)


async def all_tables(connection: Connection) -> set[str]:
    """Whatever is in the database."""
    return {row[0] for row in await connection.fetch("select tablename from pg_tables where schemaname = 'public'")}


async def tables(connection: Connection, log_tables: set[str]) -> set[str]:
    """Every table that is neither the log's nor alembic's."""
    return await all_tables(connection) - log_tables - MIGRATIONS


async def data_tables(connection: Connection, log_tables: set[str]) -> set[str]:
    """Every table of the views that is not for the projections alone."""
    names = await tables(connection, log_tables) - CONTROL
    assert set(POSTGRES.tables) | {"dead_letters"} <= names
    return names


async def tenants_in(connection: Connection, table: str) -> set[str]:
    """Whose rows the connection's role sees."""
    return {row[0] for row in await connection.fetch(f"select distinct tenant from {table}")}


async def test_every_table_with_a_tenant_forces_row_security(crm_database: str, log_tables: set[str]) -> None:
    """For the owner too; and every table but those of the progress has a tenant."""
    statement = """
        select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant'
        where c.relkind = 'r' and c.relrowsecurity and c.relforcerowsecurity"""
    async with connected(crm_database) as connection:
        secured = {row[0] for row in await connection.fetch(statement)}
        assert await tables(connection, log_tables) - secured == {"watermarks", "relayed"}


async def test_the_api_sees_no_control_table(crm_database: str) -> None:
    """Neither how far the views are nor what is folded; the position is asked of a function."""
    async with connected(crm_database) as connection:
        for table in CONTROL | MIGRATIONS:
            assert not await connection.fetchval("select has_table_privilege('crm_api', $1, 'select')", table)


async def test_the_api_sees_nothing_without_a_tenant(filled: str, log_tables: set[str]) -> None:
    """No setting, no rows; nor with an empty one."""
    async with connected(filled, "crm_api") as api:
        for table in await data_tables(api, log_tables):
            assert await tenants_in(api, table) == set(), table
            await api.execute("select set_config('crm.tenant', '', false)")
            assert await tenants_in(api, table) == set(), table
            await api.execute("reset crm.tenant")


async def test_the_api_sees_only_its_tenant(filled: str, log_tables: set[str]) -> None:
    """Every table has rows of both tenants, and each tenant sees its own."""
    async with connected(filled, "crm_api") as api, connected(filled, "crm_worker") as worker:
        for table in await data_tables(api, log_tables):
            assert await tenants_in(worker, table) == {"demo", "other"}, table
            for tenant in ("demo", "other"):
                async with api.transaction(readonly=True):
                    await api.execute("select set_config('crm.tenant', $1, true)", tenant)
                    assert await tenants_in(api, table) == {tenant}, table


async def test_the_api_writes_nowhere(filled: str, log_tables: set[str]) -> None:
    """It has no privilege to, on any table, and is told so when it tries."""
    async with connected(filled, "crm_api") as api:
        for table in await tables(api, log_tables):
            for privilege in WRITING:
                granted = await api.fetchval("select has_table_privilege('crm_api', $1, $2)", table, privilege)
                assert not granted, (table, privilege)
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await api.execute(f"delete from {table}")


async def test_the_api_learns_how_far_a_view_group_is(filled: str) -> None:
    """In its own snapshot; a group that never ran is at the start."""
    async with connected(filled, "crm_api") as api:
        assert await api.fetchval("select view_position('postgres')") >= 600
        assert await api.fetchval("select view_position('no such group')") == 0
