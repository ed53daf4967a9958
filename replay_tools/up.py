"""`crm up`: the whole embedded platform in the foreground, from an empty folder to serving."""

import asyncio
import logging
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, nullcontext
from typing import NamedTuple

import uvicorn
import uvloop

import projections.bootstrap
import projections.migrations
import read_api.bootstrap
import write_side.adapters.migrations
import write_side.bootstrap
from event_schemas.streams import TenantId
from projections.bootstrap import Projections
from read_api.app import ReadyState
from read_api.bootstrap import Addresses, Api, Secrets
from replay_tools.embedded.folder import DataFolder
from replay_tools.embedded.postgres import start_postgres
from replay_tools.embedded.process import Child
from replay_tools.embedded.valkey import start_valkey
from replay_tools.settings import Settings
from replay_tools.starting import Starting
from write_side.application.ports import EventStore
from write_side.application.transact import Transactor

HOST = "127.0.0.1"
GRACE_SECONDS = 1
"""How long open requests may take to end after Ctrl-C."""
MESSAGE_BYTES = 1_000_000
"""The longest message that a websocket takes; as long as a body of HTTP."""


class Unavailable(Exception):
    """Something that `crm up` needs is taken or down; the message is one line for the person at the terminal."""


class Parts(NamedTuple):
    """Where each part is, and what it really is."""

    addresses: Addresses
    store: str
    tables: str
    cards: str
    children: tuple[Child, ...]
    """The embedded servers."""


class Running(NamedTuple):
    """The platform between start and stop."""

    api: Api
    views: Projections
    transactor: Transactor
    store: EventStore


def run(settings: Settings, folder: DataFolder, port: int) -> None:
    """Serve until SIGINT or SIGTERM. Raises Unavailable and EmbeddedError with a message of one line."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    with ExitStack() as stack:
        listener = stack.enter_context(listening(port))
        stack.enter_context(folder)
        # Children die with the thread that started them, so the main thread starts them.
        parts = stack.enter_context(servers(settings, folder))
        uvloop.run(serve(settings, folder, parts, listener))


@contextmanager
def listening(port: int) -> Iterator[socket.socket]:
    """The API's socket, taken before anything else is started."""
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:  # named, or asyncio leaves Nagle on
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
            listener.listen(1024)
        except OSError as error:
            raise Unavailable(f"port {port} of {HOST} is not free ({error.strerror}): choose another port") from error
        yield listener


@contextmanager
def servers(settings: Settings, folder: DataFolder) -> Iterator[Parts]:
    """What has no URL is started here."""
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
            store_url, store = settings.event_store_url, "PostgreSQL at CRM_EVENT_STORE_URL"
        yield Parts(Addresses(store_url, tables_url, cards_url), store, tables, cards, tuple(children))


async def serve(settings: Settings, folder: DataFolder, parts: Parts, listener: socket.socket) -> None:
    """Migrate, follow, load, serve; ends when told to, or when the start fails."""
    ready = ReadyState()
    async with platform(settings, folder, parts, ready) as running:
        config = uvicorn.Config(
            running.api.app,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            ws_max_size=MESSAGE_BYTES,
        )
        server = _Server(config, stop_streams=running.api.stop_streams)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, server.stop)
        port = listener.getsockname()[1]
        starting = Starting(running, ready, tenant=TenantId(settings.tenant), url=f"http://{HOST}:{port}")
        await _until_stopped(server, listener, starting, parts)


async def _until_stopped(server: "_Server", listener: socket.socket, starting: Starting, parts: Parts) -> None:
    """Serve from now on; the rest of the start goes on beside it, and its failure or a child's end ends everything."""
    beside = [asyncio.create_task(starting.run(parts)), *(asyncio.create_task(_end_of(c)) for c in parts.children)]
    for task in beside:
        task.add_done_callback(server.stop_on_failure)
    await server.serve(sockets=[listener])
    for task in beside:
        task.cancel()
    for outcome in await asyncio.gather(*beside, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome


async def _end_of(child: Child) -> None:
    """Raises Unavailable when an embedded server ends by itself."""
    code = await child.exited()
    raise Unavailable(f"{child.name} ended by itself (exit code {code}; log: {child.log}): start again")


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: those of `crm up` end the platform as a whole."""

    capture_signals = nullcontext  # type: ignore[assignment] # a context manager that does nothing

    def __init__(self, config: uvicorn.Config, *, stop_streams: Callable[[], None]) -> None:
        super().__init__(config)
        self._stop_streams = stop_streams

    def stop(self) -> None:
        """End; asked a second time, at once."""
        self.force_exit = self.should_exit
        self.should_exit = True
        self._stop_streams()

    def stop_on_failure(self, task: asyncio.Task[None]) -> None:
        """A start that failed ends what already serves."""
        if not task.cancelled() and task.exception() is not None:
            self.stop()


@asynccontextmanager
async def platform(settings: Settings, folder: DataFolder, parts: Parts, ready: ReadyState) -> AsyncIterator[Running]:
    """Store, projections and API on migrated databases."""
    addresses = parts.addresses
    await write_side.adapters.migrations.upgrade(addresses.event_store_url)
    await projections.migrations.upgrade(addresses.postgres_url)
    async with AsyncExitStack() as stack:
        master_secret = settings.master_key(folder)
        store = await stack.enter_async_context(
            write_side.bootstrap.postgres_store(addresses.event_store_url, master_secret=master_secret)
        )
        transactor = write_side.bootstrap.transactor(store=store, master_secret=master_secret)
        api = await stack.enter_async_context(
            read_api.bootstrap.application(
                addresses=addresses,
                secrets=Secrets(settings.token_key(folder).encode(), master_secret),
                transact=transactor.transact,
                ready=ready,
            )
        )
        views = await stack.enter_async_context(
            projections.bootstrap.following(
                store,
                postgres_url=addresses.postgres_url,
                redis_url=addresses.redis_url,
                advanced=api.watermark.advanced,
            )
        )
        await stack.enter_async_context(
            write_side.bootstrap.process_managers(addresses.event_store_url, store=store, transact=transactor.transact)
        )
        yield Running(api, views, transactor, store)
