"""Brings the tables of the views to the newest revision: alembic in the process, over asyncpg, as the login user."""

from functools import partial
from pathlib import Path
from typing import cast

import asyncpg
from alembic import command, op
from alembic.config import Config
from sqlalchemy import AdaptedConnection, Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

_SCRIPTS = Path(__file__).parent
_LOCK = int.from_bytes(b"crm_view", "big")
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


def run_script(name: str) -> None:
    """For revisions: run an .sql file as it is. Only the driver's own connection takes many statements at once."""
    script = (_SCRIPTS / name).read_text(encoding="utf-8")
    connection = cast("AdaptedConnection", op.get_bind().connection.dbapi_connection)
    connection.run_async(lambda driver: driver.execute(script))


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))  # % is special to configparser
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
