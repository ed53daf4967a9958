"""The tables of the log and of the views, brought to the newest revision before anything works on them."""

from importlib.resources import files
from typing import Final

import asyncpg

from read_api.bootstrap import Addresses
from replay_tools.ending import Unavailable
from replay_tools.reaching import POSTGRES_SCHEMES

LOG: Final = ("write_side", "alembic_version_log")
VIEWS: Final = ("projections", "alembic_version_views")
"""The package whose folder ``migrations`` has the revisions, and the table that names the one that a database has."""


def log_tables_url(addresses: Addresses) -> str:
    """Where the tables beside the log are: with the log in PostgreSQL, else with the views."""
    store = addresses.event_store_url
    return store if store.startswith(POSTGRES_SCHEMES) else addresses.postgres_url


async def migrated(addresses: Addresses) -> None:
    """Relay, workers and API find their tables when they start. Raises Unavailable."""
    log, views = log_tables_url(addresses), addresses.postgres_url
    try:
        # most starts find everything in place, and do without alembic: a fifth of the modules of an API
        if await _revision(log, LOG[1]) != newest(LOG[0]):
            import write_side.adapters.migrations  # noqa: PLC0415 -- see above

            await write_side.adapters.migrations.upgrade(log)
        if await _revision(views, VIEWS[1]) != newest(VIEWS[0]):
            import projections.migrations  # noqa: PLC0415 -- see above

            await projections.migrations.upgrade(views)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise Unavailable(f"PostgreSQL cannot be reached: {error}") from error


def newest(package: str) -> str:
    """The revision that a database has after all migrations of a package: their files end in its number."""
    versions = (files(package) / "migrations" / "versions").iterdir()
    return max(file.name for file in versions if file.name.endswith(".py")).removesuffix(".py").rpartition("_")[2]


async def _revision(url: str, table: str) -> str | None:
    """What the database says that it has; None before the first migration."""
    connection = await asyncpg.connect(url)
    try:
        found: str | None = await connection.fetchval(f"select version_num from {table}")  # noqa: S608 -- of ours
    except asyncpg.UndefinedTableError:
        return None
    else:
        return found
    finally:
        await connection.close()
