"""The API as its clients meet it: the real application over real servers, spoken to over HTTP and websockets."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2
import uvicorn
import websockets

import projections.bootstrap
import read_api.bootstrap
import write_side.bootstrap
from read_api.app import ReadyState
from read_api.authentication import Role, Tokens
from read_api.bootstrap import PACE, Pace
from read_api.graphql.limits import DEFAULT, Limits
from tests.support.api_proxy import Proxy
from tests.support.databases import fresh_database, migrated_template
from tests.support.secrets import MASTER
from tests.support.servers import Servers
from write_side.adapters.postgres import PostgresEventStore

SECRET = b"the secret of one test, 32 bytes and more"
TENANT = "demo"


@dataclass(frozen=True)
class Answer:
    """What a request brought."""

    status: int
    body: Any

    @property
    def data(self) -> dict[str, Any]:
        """The data of an answer without errors; errors fail the test."""
        assert self.status == 200, self
        assert "errors" not in self.body, self.body["errors"]
        data: dict[str, Any] = self.body["data"]
        return data

    @property
    def codes(self) -> list[str]:
        """The codes of the errors."""
        return [error["extensions"]["code"] for error in self.body.get("errors", ())]

    @property
    def messages(self) -> str:
        """The messages of the errors."""
        return "; ".join(error["message"] for error in self.body.get("errors", ()))


@dataclass(frozen=True)
class Client:
    """Speaks to one running API."""

    http: httpx2.AsyncClient
    port: int
    tokens: Tokens
    store: PostgresEventStore
    ready: ReadyState
    database_url: str
    api: read_api.bootstrap.Api

    def token(
        self,
        *,
        tenant: str = TENANT,
        role: Role = Role.ADMIN,
        lifetime: timedelta = timedelta(hours=1),
        user: str = "tester",
    ) -> str:
        """A token of this API."""
        return self.tokens.issue(tenant=tenant, user_id=user, role=role, lifetime=lifetime)

    async def send(self, body: bytes | str, **headers: str) -> Answer:
        """POST a body as it is; headers by their names with underscores."""
        given = {"authorization": f"Bearer {self.token()}", "content-type": "application/json"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        content = body.encode() if isinstance(body, str) else body
        response = await self.http.post("/graphql", content=content, headers=given)
        return Answer(response.status_code, response.json())

    async def ask(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        tenant: str = TENANT,
        role: Role = Role.ADMIN,
        user: str = "tester",
    ) -> Answer:
        """One operation."""
        token = self.token(tenant=tenant, role=role, user=user)
        return await self.send(
            json.dumps({"query": query, "variables": variables or {}}), authorization=f"Bearer {token}"
        )

    @asynccontextmanager
    async def websocket(self, token: str | None = None) -> AsyncIterator["Socket"]:
        """A websocket whose connection has been acknowledged."""
        async with self.raw_websocket() as raw:
            await raw.send({"type": "connection_init", "payload": {"Authorization": f"Bearer {token or self.token()}"}})
            assert (await raw.receive())["type"] == "connection_ack"
            yield raw

    @asynccontextmanager
    async def raw_websocket(self) -> AsyncIterator["Socket"]:
        """A websocket on which nothing has been said."""
        url = f"ws://127.0.0.1:{self.port}/graphql"
        protocol = websockets.Subprotocol("graphql-transport-ws")
        async with websockets.connect(url, subprotocols=[protocol], open_timeout=20) as connection:
            yield Socket(connection)


class Socket:
    """JSON over a websocket."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self._connection = connection

    async def send(self, message: Any) -> None:
        """One message; text goes as it is."""
        await self._connection.send(message if isinstance(message, str | bytes) else json.dumps(message))

    async def subscribe(self, identity: str, query: str, variables: Mapping[str, Any] | None = None) -> None:
        """Start an operation."""
        payload = {"query": query, "variables": variables or {}}
        await self.send({"type": "subscribe", "id": identity, "payload": payload})

    async def receive(self) -> Any:
        """The next message, within 20 seconds."""
        async with asyncio.timeout(20):
            return json.loads(await self._connection.recv())

    async def closed(self) -> int:
        """The code with which the other side closes."""
        async with asyncio.timeout(20):
            await self._connection.wait_closed()
        assert self._connection.close_code is not None
        return self._connection.close_code


@dataclass(frozen=True)
class Setup:
    """How an API is to be started."""

    limits: Limits = DEFAULT
    compiled: bool = True
    following: bool = True
    pace: Pace = PACE
    proxy: Proxy | None = None
    """Stands between the API and PostgreSQL."""
    beside: str | None = None
    """The URL of the database of another API, which this one serves too; else it has an empty one."""
    elasticsearch_url: str | None = None
    """Where it is searched; else in PostgreSQL."""
    elasticsearch_prefix: str = "crm"


@asynccontextmanager
async def _empty_database(servers: Servers) -> AsyncIterator[str]:
    template = await migrated_template(servers.postgres_url)
    async with fresh_database(servers.postgres_url, template=template) as url:
        yield url


@asynccontextmanager
async def running_api(servers: Servers, redis_url: str, setup: Setup = Setup()) -> AsyncIterator[Client]:
    """The API on an empty database, with its store and, if so wanted, projections that follow."""
    async with AsyncExitStack() as stack:
        direct = await stack.enter_async_context(_empty_database(servers)) if setup.beside is None else setup.beside
        url = setup.proxy.url(direct) if setup.proxy else direct
        store = await stack.enter_async_context(
            write_side.bootstrap.postgres_store(url, master_secret=MASTER, redis_url=redis_url)
        )
        if setup.following:
            views = projections.bootstrap.following(
                store,
                postgres_url=url,
                redis_url=redis_url,
                elasticsearch_url=setup.elasticsearch_url,
                elasticsearch_prefix=setup.elasticsearch_prefix,
            )
            await stack.enter_async_context(views)
        ready = ReadyState()
        api = await stack.enter_async_context(
            read_api.bootstrap.application(
                addresses=read_api.bootstrap.Addresses(
                    url, url, redis_url, setup.elasticsearch_url, setup.elasticsearch_prefix
                ),
                secrets=read_api.bootstrap.Secrets(SECRET, MASTER),
                transact=write_side.bootstrap.transactor(store=store, master_secret=MASTER).transact,
                ready=ready,
                limits=setup.limits,
                pace=setup.pace,
                compiled=setup.compiled,
            )
        )
        port = await stack.enter_async_context(_served(api.app))
        http = httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30)
        yield Client(await stack.enter_async_context(http), port, api.tokens, store, ready, direct, api)


class _Server(uvicorn.Server):
    """Tells when it listens, and leaves the signals to pytest."""

    def __init__(self, app: Any) -> None:
        super().__init__(uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2))
        self.listens = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listens.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def _served(app: Any) -> AsyncIterator[int]:
    # named as TCP, or asyncio would not switch Nagle's algorithm off, which costs 40 ms an answer
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        server = _Server(app)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        await server.listens.wait()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await task
