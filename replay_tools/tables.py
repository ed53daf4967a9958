"""The tables of the log and of the views, brought to the newest revision before anything works on them."""

import asyncpg

import projections.migrations
import write_side.adapters.migrations
from read_api.bootstrap import Addresses
from replay_tools.ending import Unavailable
from replay_tools.reaching import POSTGRES_SCHEMES


def log_tables_url(addresses: Addresses) -> str:
    """Where the tables beside the log are: with the log in PostgreSQL, else with the views."""
    store = addresses.event_store_url
    return store if store.startswith(POSTGRES_SCHEMES) else addresses.postgres_url


async def migrated(addresses: Addresses) -> None:
    """Relay, workers and API find their tables when they start. Raises Unavailable."""
    try:
        await write_side.adapters.migrations.upgrade(log_tables_url(addresses))
        await projections.migrations.upgrade(addresses.postgres_url)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise Unavailable(f"PostgreSQL cannot be reached: {error}") from error
