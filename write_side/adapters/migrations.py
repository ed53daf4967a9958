"""Brings the log's tables to the newest revision: alembic in the process, over asyncpg, as the login user."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any, cast

import asyncpg
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import AdaptedConnection, Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

SCRIPTS = Path(__file__).parent.parent / "migrations"
_LOCK = int.from_bytes(b"crm_log", "big")
"""Held for the whole upgrade, so that two at once on one database run one after the other."""


async def upgrade(url: str) -> None:
    """Apply what is missing, in one transaction; does nothing on a database that is up to date."""
    connect = partial(asyncpg.connect, url, server_settings={"timezone": "UTC"})
    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def run_script(connection: Connection, name: str) -> None:
    """For revisions: run an .sql file as it is. Only the driver's own connection takes many statements at once."""
    script = (SCRIPTS / name).read_text(encoding="utf-8")
    adapted = cast("AdaptedConnection", connection.connection.dbapi_connection)
    adapted.run_async(lambda driver: driver.execute(script))


def _upgrade(connection: Connection) -> None:
    """What alembic's command does, without its global ``op`` and ``context``: two upgrades may run in one process."""
    scripts = ScriptDirectory(SCRIPTS)

    def missing(revisions: str, _context: MigrationContext) -> Iterable[Any]:
        return scripts._upgrade_revs("head", revisions)  # noqa: SLF001 - so do alembic's own commands

    context = MigrationContext.configure(connection, opts={"version_table": "alembic_version_log", "fn": missing})
    context.run_migrations(connection=connection)
