"""Finds the running platform, for commands that work on its log from a process of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

import write_side.bootstrap
from event_schemas.ports import EventLogUnavailable
from replay_tools.embedded import cluster
from replay_tools.embedded.folder import DataFolder
from replay_tools.embedded.postgres import DATABASE
from replay_tools.settings import MASTER_SECRET, Settings
from write_side.adapters.event_logs import OpenBulkStore

_PID, _PORT, _STATUS = 0, 3, 7  # lines of postmaster.pid
_POSTGRES_SCHEMES = ("postgresql://", "postgres://")


class Unreachable(Exception):
    """There is no platform to work on; the message is one line for the person at the terminal."""


def store_url(settings: Settings, folder: DataFolder) -> str:
    """Where the log is: at the URL that is set, else where the tables are."""
    return settings.event_store_url or tables_url(settings, folder)


def log_tables_url(settings: Settings, folder: DataFolder) -> str:
    """Where what is kept beside the log is: with it, if it is in PostgreSQL, else where the tables are."""
    url = store_url(settings, folder)
    return url if url.startswith(_POSTGRES_SCHEMES) else tables_url(settings, folder)


def tables_url(settings: Settings, folder: DataFolder) -> str:
    """Where the tables are: at the URL that is set, else in the embedded server that runs on the folder."""
    if settings.postgres_url is not None:
        return settings.postgres_url
    nothing = Unreachable(f"nothing runs on {folder.path}: start it (crm up --data {folder.path}), or name its URLs")
    try:
        lines = (folder.path / "postgres" / "postmaster.pid").read_text(errors="replace").splitlines()
        password = (folder.path / cluster.CREDENTIALS).read_text().strip()
    except FileNotFoundError:
        raise nothing from None
    except OSError as error:
        raise Unreachable(f"the data folder {folder.path} cannot be read: {error.strerror}") from error
    if len(lines) <= _STATUS or lines[_STATUS].strip() != "ready" or not Path(f"/proc/{lines[_PID]}").exists():
        raise nothing
    return f"postgresql://{cluster.USER}:{password}@127.0.0.1:{lines[_PORT]}/{DATABASE}"


def master_key(settings: Settings, folder: DataFolder) -> bytes:
    """The secret of that log. It is never made here: under another one, nothing that is written could be read."""
    if settings.master_secret is None and not (folder.path / MASTER_SECRET).exists():
        raise Unreachable(
            f"{folder.path} has no {MASTER_SECRET}: name the platform's data folder, or CRM_MASTER_SECRET"
        )
    return settings.master_key(folder)


@asynccontextmanager
async def reached(settings: Settings, folder: DataFolder) -> AsyncIterator[tuple[OpenBulkStore, bytes]]:
    """The event store of the running platform, which has answered, and its master secret; else Unreachable."""
    url, secret = store_url(settings, folder), master_key(settings, folder)
    async with write_side.bootstrap.bulk_store(
        url, postgres_url=log_tables_url(settings, folder), master_secret=secret, redis_url=settings.redis_url
    ) as store:
        try:
            await store.head()
        except (EventLogUnavailable, asyncpg.PostgresError) as error:
            raise Unreachable(f"the platform cannot be worked on: {error}") from error
        yield store, secret
