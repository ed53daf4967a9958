"""The only wiring of the API."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

import asyncpg
from fastapi import FastAPI
from redis.asyncio import Redis

from read_api.app import Parts, ReadyState, create_app
from read_api.authentication import Tokens
from read_api.consistency import WAIT_SECONDS, Consistency, Watermark
from read_api.database import SETTINGS, Database
from read_api.feed_engine import FeedEngine
from read_api.graphql.bells import Bells
from read_api.graphql.context import Services
from read_api.graphql.limits import DEFAULT, Limits
from read_api.metrics import Metrics
from read_api.postgres_search import PostgresSearch
from read_api.recent import RecentPosition
from read_api.redis_cards import RedisCards
from read_api.redis_counters import RedisCounters
from read_api.redis_feed import RedisFeeds
from read_api.view_progress import ViewProgress
from write_side.adapters.postgres_log import PostgresEventLog

Transact = Callable[[Any, Any], Awaitable[Any]]

CONNECTIONS = 8
LOG_CONNECTIONS = 4
REDIS_SECONDS = 2.0


class Addresses(NamedTuple):
    """Where the parts are."""

    event_store_url: str
    postgres_url: str
    redis_url: str


class Secrets(NamedTuple):
    """What the API must be told, and must not tell."""

    token: bytes
    """Signs tokens."""
    master: bytes
    """Opens personal data in the log."""


class Api(NamedTuple):
    """The application, and what may be told to it."""

    app: FastAPI
    watermark: Watermark
    tokens: Tokens
    stop_streams: Callable[[], None]
    """Ends all subscriptions, so that a server that is told to stop need not cut them off."""


def system_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


@asynccontextmanager
async def application(
    *,
    addresses: Addresses,
    secrets: Secrets,
    transact: Transact,
    ready: ReadyState,
    limits: Limits = DEFAULT,
    clock: Callable[[], datetime] = system_clock,
    wait_seconds: float = WAIT_SECONDS,
    compiled: bool = True,
) -> AsyncIterator[Api]:
    """The application with its connections, closed at the end. Raises what asyncpg raises when PostgreSQL is down.
    ``compiled=False`` leaves every query to Strawberry: the reference that the compiled queries must equal.
    """
    async with AsyncExitStack() as stack:
        database = await Database.connect(addresses.postgres_url, max_size=CONNECTIONS)
        stack.push_async_callback(database.close)
        logs = await PostgresEventLog.connect(
            addresses.event_store_url, secret=secrets.master, role="crm_api", connections=LOG_CONNECTIONS
        )
        stack.push_async_callback(logs.close)
        asking = await stack.enter_async_context(
            asyncpg.create_pool(
                addresses.postgres_url, min_size=0, max_size=2, server_settings=SETTINGS, reset=_leave_as_it_is
            )
        )
        redis = await stack.enter_async_context(
            Redis.from_url(addresses.redis_url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS)
        )
        progress = ViewProgress(asking, database)
        recent = RecentPosition(progress.position)
        watermark = Watermark(progress.position)
        stack.push_async_callback(watermark.close)

        async def transact_and_wake(command: Any, request: Any) -> Any:
            outcome = await transact(command, request)
            logs.wake(outcome.position)
            return outcome

        bells = Bells()
        services = Services(
            database=database,
            cards=RedisCards(redis),
            feeds=RedisFeeds(redis, views=recent),
            counters=RedisCounters(redis, views=recent),
            search=PostgresSearch,
            logs=logs,
            transact=transact_and_wake,
            consistency=Consistency(watermark, progress.parked, wait_seconds=wait_seconds),
            bells=bells,
            clock=clock,
        )
        tokens = Tokens(secrets.token, clock=clock)
        parts = Parts(
            engine=FeedEngine if compiled else None,
            services=services,
            tokens=tokens,
            ready=ready,
            metrics=Metrics(),
            limits=limits,
            checks={"tables": progress.position, "event store": logs.head, "cards": redis.ping},
        )
        yield Api(create_app(parts), watermark, tokens, bells.close)


async def _leave_as_it_is(_connection: object) -> None:
    """Single statements leave nothing behind that a round trip would have to clean."""
