"""The only wiring of the API."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

import asyncpg
from fastapi import FastAPI
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from event_schemas.streams import TenantId
from event_schemas.wakes import advanced_channel, appended_channel
from read_api.app import Check, Parts, ReadyState, create_app
from read_api.as_of import Reader
from read_api.authentication import Tokens
from read_api.consistency import WAIT_SECONDS, Consistency
from read_api.database import SETTINGS, Database
from read_api.feed_engine import FeedEngine
from read_api.graphql.bells import Bells
from read_api.graphql.context import Services
from read_api.graphql.limits import DEFAULT, Limits
from read_api.metrics import Metrics
from read_api.platform_metrics import PlatformMeters
from read_api.platform_progress import SETTINGS as OPERATORS
from read_api.postgres_search import PostgresSearch
from read_api.recent import Recent
from read_api.redis_cards import RedisCards
from read_api.redis_counters import RedisCounters
from read_api.redis_feed import RedisFeeds
from read_api.search import Search
from read_api.view_progress import GROUP, SEARCH, ViewProgress
from read_api.wakes import Ear, LogNews, Told
from read_api.watermarks import POLL_SECONDS, Watermarks
from write_side.adapters.ending import ended
from write_side.adapters.event_logs import open_event_log
from write_side.adapters.kurrent_url import is_kurrent_url
from write_side.adapters.telling import database_of

Transact = Callable[[Any, Any], Awaitable[Any]]

CONNECTIONS = 8
LOG_CONNECTIONS = 4
REDIS_SECONDS = 2.0


class Addresses(NamedTuple):
    """Where the parts are."""

    event_store_url: str
    postgres_url: str
    redis_url: str
    elasticsearch_url: str | None = None
    """Where it is searched; None: in PostgreSQL."""
    elasticsearch_prefix: str = "crm"
    """The names of indices there begin so."""


class Secrets(NamedTuple):
    """What the API must be told, and must not tell."""

    token: bytes
    """Signs tokens."""
    master: bytes
    """Opens personal data in the log."""


class Pace(NamedTuple):
    """How long the API waits, and how often it asks."""

    wait_seconds: float = WAIT_SECONDS
    """For views that a reader's token names."""
    view_poll_seconds: float = POLL_SECONDS
    """How soon it is noticed that they are there, when nobody told of it; asked only while somebody waits."""
    log_poll_seconds: float = 0.25
    """How soon an append elsewhere is noticed that nobody told of."""


PACE = Pace()


class Api(NamedTuple):
    """The application, and what may be told to it."""

    app: FastAPI
    watermark: Watermarks
    tokens: Tokens
    stop_streams: Callable[[], None]
    """Ends all subscriptions, so that a server that is told to stop need not cut them off."""
    metrics: Metrics


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
    pace: Pace = PACE,
    compiled: bool = True,
) -> AsyncIterator[Api]:
    """The application with its connections, closed at the end. Raises what asyncpg raises when PostgreSQL is down.

    ``compiled=False`` leaves every query to Strawberry: the reference that the compiled queries must equal.
    """
    async with AsyncExitStack() as stack:
        database = await Database.connect(addresses.postgres_url, max_size=CONNECTIONS)
        stack.push_async_callback(database.close)
        logs = await open_event_log(
            addresses.event_store_url,
            postgres_url=addresses.postgres_url,
            secret=secrets.master,
            role="crm_api",
            connections=LOG_CONNECTIONS,
            poll_seconds=pace.log_poll_seconds,
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
        recent, cards = Recent(progress.position), Recent(progress.cards)
        watermark = Watermarks(progress.lanes, poll_seconds=pace.view_poll_seconds)
        stack.push_async_callback(watermark.close)

        metrics = Metrics()
        news = LogNews(logs.wake)
        searching = await stack.enter_async_context(_searching(addresses, progress, pace))
        groups = {GROUP: watermark, **searching.watermarks}
        await stack.enter_async_context(_hearing(addresses.redis_url, news, groups, metrics))

        async def transact_and_wake(command: Any, request: Any) -> Any:
            outcome = await transact(command, request)
            news.appended(outcome.position)
            return outcome

        bells = Bells()
        services = Services(
            database=database,
            cards=RedisCards(redis),
            feeds=RedisFeeds(redis, views=recent, cards=cards),
            counters=RedisCounters(redis, views=recent, cards=cards),
            search=searching.search,
            logs=logs,
            transact=transact_and_wake,
            consistency=Consistency(watermark, progress.parked, wait_seconds=pace.wait_seconds),
            bells=bells,
            clock=clock,
        )
        tokens = Tokens(secrets.token, clock=clock)
        checks: dict[str, Check] = {
            "tables": progress.position,
            "event store": logs.head,
            "cards": redis.ping,
            **searching.checks,
        }
        meters = PlatformMeters(
            checks=checks,
            head=logs.head,
            tables=await _for_operators(stack, addresses.postgres_url),
            log_tables=await _for_operators(stack, _log_tables_url(addresses)),
        )
        parts = Parts(
            engine=FeedEngine if compiled else None,
            services=services,
            tokens=tokens,
            ready=ready,
            metrics=metrics,
            limits=limits,
            checks=checks,
            meters=meters.families,
        )
        yield Api(create_app(parts), watermark, tokens, bells.close, metrics)


class _Searching(NamedTuple):
    """Searches of a tenant whose transaction reads, and what /health asks of where they are."""

    search: Callable[[Reader, TenantId], Search]
    checks: Mapping[str, Check]
    watermarks: Mapping[str, Watermarks] = MappingProxyType({})
    """Of the view group that is searched."""


@asynccontextmanager
async def _searching(addresses: Addresses, progress: ViewProgress, pace: Pace) -> AsyncIterator[_Searching]:
    """In PostgreSQL, or in Elasticsearch where there is one."""
    if (url := addresses.elasticsearch_url) is None:
        yield _Searching(lambda reader, _: PostgresSearch(reader), {})
        return

    from read_api.search_bootstrap import searching_in_elasticsearch  # noqa: PLC0415 -- most starts do without, and sooner

    watermarks = Watermarks(partial(progress.lanes, group=SEARCH))
    consistency = Consistency(watermarks, partial(progress.parked, group=SEARCH), wait_seconds=pace.wait_seconds)
    position = partial(progress.position, group=SEARCH)
    async with searching_in_elasticsearch(
        url, prefix=addresses.elasticsearch_prefix, position=position, consistency=consistency
    ) as (search, check):
        try:
            yield _Searching(search, {"search": check}, {SEARCH: watermarks})
        finally:
            await watermarks.close()


def _log_tables_url(addresses: Addresses) -> str:
    """What is kept beside the log is with it, if that is in PostgreSQL."""
    return addresses.postgres_url if is_kurrent_url(addresses.event_store_url) else addresses.event_store_url


async def _for_operators(stack: AsyncExitStack, url: str) -> "asyncpg.Pool[Any]":
    return await stack.enter_async_context(
        asyncpg.create_pool(url, min_size=0, max_size=1, server_settings=OPERATORS, reset=_leave_as_it_is)
    )


@asynccontextmanager
async def _hearing(
    redis_url: str, news: LogNews, groups: Mapping[str, Watermarks], metrics: Metrics
) -> AsyncIterator[None]:
    """Wakes from other processes are heard while the context is open."""

    def missed() -> None:
        news.missed()
        for watermarks in groups.values():
            watermarks.missed()

    patience = Retry(NoBackoff(), retries=0)
    async with Redis.from_url(
        redis_url, retry=patience, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS
    ) as client:
        database = database_of(client)
        channels: dict[str, Told] = {appended_channel(database): news.heard}
        channels |= {advanced_channel(database, group): of_group.heard for group, of_group in groups.items()}
        ear = Ear(client, channels, missed=missed, metrics=metrics)
        listening = asyncio.create_task(ear.run(), name="hear wakes")
        try:
            yield
        finally:
            await ended([listening])


async def _leave_as_it_is(_connection: object) -> None:
    """Single statements leave nothing behind that a round trip would have to clean."""
