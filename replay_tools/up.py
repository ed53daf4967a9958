"""`crm up`: the whole platform in the foreground, from an empty folder to serving."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from enum import StrEnum
from typing import NamedTuple

import uvloop

import projections.bootstrap
from event_schemas.streams import TenantId
from projections.engines.store import GroupStatus
from read_api.app import ReadyState
from read_api.bootstrap import Addresses, Api, Secrets
from replay_tools import full_profile
from replay_tools.embedded.folder import DataFolder
from replay_tools.embedded.postgres import start_postgres
from replay_tools.embedded.process import Child
from replay_tools.embedded.valkey import start_valkey
from replay_tools.ending import Unavailable
from replay_tools.serving import HOST, listening
from replay_tools.serving import serve as serve_api
from replay_tools.settings import Settings
from replay_tools.starting import Starting
from replay_tools.tables import migrated
from replay_tools.writing_api import writing_api
from write_side.application.ports import EventStore
from write_side.application.transact import Transactor


class Profile(StrEnum):
    """What carries events to the views."""

    EMBEDDED = "embedded"
    """The store itself, followed in this process."""
    FULL = "full"
    """A relay, Kafka and Faust workers, in processes of their own."""


class Parts(NamedTuple):
    """Where each part is, and what it really is."""

    addresses: Addresses
    really: dict[str, str]
    """For the person at the terminal: of each part what it is."""
    children: tuple[Child, ...]
    """The servers and workers that were started here."""


class Running(NamedTuple):
    """The platform between start and stop."""

    api: Api
    progress: Callable[[], Awaitable[Sequence[GroupStatus]]]
    """How each view group is doing."""
    transactor: Transactor
    store: EventStore


def run(settings: Settings, folder: DataFolder, port: int, profile: Profile = Profile.EMBEDDED) -> None:
    """Serve until SIGINT or SIGTERM. Raises Unavailable and EmbeddedError with a message of one line."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    with ExitStack() as stack:
        listener = stack.enter_context(listening(port))
        stack.enter_context(folder)
        # Children die with the thread that started them, so the main thread starts them.
        parts = stack.enter_context(servers(settings, folder, profile))
        uvloop.run(serve(settings, folder, parts, listener, profile))


@contextmanager
def servers(settings: Settings, folder: DataFolder, profile: Profile) -> Iterator[Parts]:
    """What has no URL is started here, with its tables; Kafka and Elasticsearch are not (`crm stack` does that)."""
    children = []
    with ExitStack() as stack:
        tables_url, tables = settings.postgres_url, "PostgreSQL at CRM_POSTGRES_URL"
        if tables_url is None:
            postgres = stack.enter_context(start_postgres(folder))
            tables_url, tables = postgres.url, f"PostgreSQL {postgres.version}, embedded"
            children.append(postgres.child)
        cards_url, cards = settings.redis_url, "Redis at CRM_REDIS_URL"
        if cards_url is None:
            valkey = stack.enter_context(start_valkey(folder))
            cards_url, cards = valkey.url, f"Valkey {valkey.version}, embedded"
            children.append(valkey.child)
        store_url, store = tables_url, tables
        if settings.event_store_url is not None:
            store_url, store = settings.event_store_url, full_profile.kind_of_store(settings.event_store_url)
        addresses = Addresses(store_url, tables_url, cards_url, settings.elasticsearch_url)
        really = {"event store": store, "tables": tables, "cards": cards}
        if addresses.elasticsearch_url is not None:
            really["search"] = "Elasticsearch at CRM_ELASTICSEARCH_URL"
        asyncio.run(migrated(addresses))
        if profile is Profile.FULL:
            workers = stack.enter_context(full_profile.workers(settings, folder, addresses))
            children += workers.children
            really["transport"] = workers.really
        yield Parts(addresses, really, tuple(children))


async def serve(
    settings: Settings, folder: DataFolder, parts: Parts, listener: socket.socket, profile: Profile
) -> None:
    """Follow, load, serve; ends when told to, or when the start fails."""
    ready = ReadyState()
    async with platform(settings, folder, parts, ready, profile) as running:
        port = listener.getsockname()[1]
        starting = Starting(running, ready, tenant=TenantId(settings.tenant), url=f"http://{HOST}:{port}")
        await serve_api(running.api, listener, starting.run(parts), *(_end_of(child) for child in parts.children))


async def _end_of(child: Child) -> None:
    """Raises Unavailable when a server or worker ends by itself."""
    code = await child.exited()
    raise Unavailable(f"{child.name} ended by itself (exit code {code}; log: {child.log}): start again")


@asynccontextmanager
async def platform(
    settings: Settings, folder: DataFolder, parts: Parts, ready: ReadyState, profile: Profile
) -> AsyncIterator[Running]:
    """Store, projections and API."""
    addresses = parts.addresses
    secrets = Secrets(settings.token_key(folder).encode(), settings.master_key(folder))
    async with AsyncExitStack() as stack:
        writing = await stack.enter_async_context(writing_api(addresses, secrets, ready))
        if profile is Profile.FULL:
            progress = await stack.enter_async_context(full_profile.progress(addresses.postgres_url))
        else:
            following = projections.bootstrap.following(
                writing.store,
                postgres_url=addresses.postgres_url,
                redis_url=addresses.redis_url,
                elasticsearch_url=addresses.elasticsearch_url,
                advanced=writing.api.watermark.advanced,
            )
            progress = (await stack.enter_async_context(following)).progress
        yield Running(writing.api, progress, writing.transactor, writing.store)
