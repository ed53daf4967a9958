"""The platform with its log in a protocol double of EventStoreDB / KurrentDB; everything else is real."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NamedTuple

import httpx2

import projections.bootstrap
import read_api.bootstrap
import write_side.bootstrap
from read_api.app import ReadyState
from read_api.authentication import Role, Tokens
from tests.support.kurrent_double import KurrentDouble
from tests.support.secrets import MASTER
from write_side.adapters.event_logs import OpenStore
from write_side.bootstrap import ProcessManagers

SECRET = b"the secret of one test, 32 bytes and more"


class KurrentPlatform(NamedTuple):
    """Commands, views, processes and the API, wired as they are in use."""

    http: httpx2.AsyncClient
    tokens: Tokens
    store: OpenStore
    processes: ProcessManagers

    async def ask(self, query: str, *, tenant: str = "demo", **variables: Any) -> dict[str, Any]:
        """The data of an operation; errors fail the test."""
        token = self.tokens.issue(tenant=tenant, user_id="tester", role=Role.ADMIN)
        headers = {"authorization": f"Bearer {token}"}
        answer = await self.http.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        body = answer.json()
        assert "errors" not in body, body
        data: dict[str, Any] = body["data"]
        return data

    async def send(self, mutation: str, *, show: str = "version", tenant: str = "demo", **given: Any) -> dict[str, Any]:
        """The payload of a mutation that nothing refuses."""
        kind = f"{mutation[0].upper()}{mutation[1:]}Input"
        query = f"mutation($input: {kind}!) {{ {mutation}(input: $input) {{ token userErrors {{ message }} {show} }} }}"
        payload: dict[str, Any] = (await self.ask(query, tenant=tenant, input=given))[mutation]
        assert payload["userErrors"] == [], payload
        return payload


@asynccontextmanager
async def kurrent_platform(double: KurrentDouble, database: str, redis_url: str) -> AsyncIterator[KurrentPlatform]:
    """Over an empty database, which also holds what lies beside the log."""
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(
            write_side.bootstrap.event_store(double.url, postgres_url=database, master_secret=MASTER)
        )
        transact = write_side.bootstrap.transactor(store=store, master_secret=MASTER).transact
        await stack.enter_async_context(
            projections.bootstrap.start(
                event_store_url=double.url, master_secret=MASTER, postgres_url=database, redis_url=redis_url
            )
        )
        processes = await stack.enter_async_context(
            write_side.bootstrap.process_managers(database, store=store, transact=transact)
        )
        api = await stack.enter_async_context(
            read_api.bootstrap.application(
                addresses=read_api.bootstrap.Addresses(double.url, database, redis_url),
                secrets=read_api.bootstrap.Secrets(SECRET, MASTER),
                transact=transact,
                ready=ReadyState(),
            )
        )
        transport = httpx2.ASGITransport(app=api.app)
        http = await stack.enter_async_context(httpx2.AsyncClient(base_url="http://api", transport=transport))
        yield KurrentPlatform(http, api.tokens, store, processes)
