"""The event store of the running platform, opened for commands that append to it from a process of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

import write_side.bootstrap
from event_schemas.ports import EventLogUnavailable
from replay_tools.embedded.folder import DataFolder
from replay_tools.reaching import Unreachable, log_tables_url, master_key, store_url
from replay_tools.settings import Settings
from write_side.adapters.event_logs import OpenBulkStore


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
