"""Databases for one test each."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg

_TEMPLATE = "crm_template"
_LOCK = int.from_bytes(b"crmtests", "big")


@asynccontextmanager
async def fresh_database(server_url: str, *, template: str = "template1") -> AsyncIterator[str]:
    """The URL of a new database, a copy of the template; dropped afterwards whoever is still connected."""
    name = f"test_{uuid4().hex}"
    connection = await asyncpg.connect(server_url)
    try:
        # as files: half the time of going through the server's log, which is for templates that are large or in use
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        try:
            yield _sibling(server_url, name)
        finally:
            await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


async def migrated_template(server_url: str) -> str:
    """The name of a database with the platform's tables; the first process that asks makes it for the whole run."""
    from projections import migrations as of_views  # noqa: PLC0415 - unit tests do without alembic
    from write_side.adapters import migrations as of_log  # noqa: PLC0415 - likewise

    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(f"SELECT pg_advisory_lock({_LOCK})")  # until the connection closes
        if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", _TEMPLATE):
            draft = f"{_TEMPLATE}_draft"
            await connection.execute(f"DROP DATABASE IF EXISTS {draft} WITH (FORCE)")
            await connection.execute(f"CREATE DATABASE {draft}")
            await of_log.upgrade(_sibling(server_url, draft))
            await of_views.upgrade(_sibling(server_url, draft))
            await connection.execute(f"ALTER DATABASE {draft} RENAME TO {_TEMPLATE}")
    finally:
        await connection.close()
    return _TEMPLATE


def _sibling(server_url: str, name: str) -> str:
    return f"{server_url.rpartition('/')[0]}/{name}"
