"""What a query costs the API's process, beside endpoints written by hand and beside the resolvers.

Processor time of the serving process per request, of one client that sends one request after another. The endpoints by
hand answer the same JSON by one statement of their own, in the same transactions and behind the same authentication.
"""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Callable, Coroutine
from datetime import timedelta
from functools import partial
from typing import Any

import asyncpg
import httpx2
import orjson
import uvloop

import projections.migrations
import write_side.adapters.migrations
from benchmarks.compare import Goal, compare
from benchmarks.read_server import SECRET
from benchmarks.scratch import scratch
from read_api.authentication import Role, Tokens
from read_api.bootstrap import system_clock
from replay_tools.embedded.postgres import start_postgres
from replay_tools.embedded.valkey import start_valkey
from tests.support.read_history import a_past
from tests.support.read_model import load_past

NAME = "read"
DEALS = 3_000
REQUESTS = 300
SLOW_REQUESTS = 20
NEIGHBOURS = "account{id name} owner{id name} product{id name}"
NODE = f"id name status amount{{minor currency}} expectedClose openedAt version {NEIGHBOURS}"
FIGURES = " ".join(f"{figure}{{count amount{{minor}}}}" for figure in ("open", "weighted", "won", "lost"))
LIST = f"{{deals(first:50){{edges{{node{{{NODE}}}}}}}}}"
ONE = f"query($id:ID!){{deal(id:$id){{{NODE}}}}}"
FORECAST = f"{{forecast(groupBy:[OWNER]){{groups{{key figures{{{FIGURES}}}}}}}}}"

Ask = Callable[[], Coroutine[Any, Any, httpx2.Response]]


class Measured:
    """Asks the server, and what it cost."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http

    def query(self, path: str, text: str, variables: dict[str, Any] | None = None) -> Ask:
        """A GraphQL query to one of the APIs."""
        return partial(self._http.post, f"/{path}/graphql", json={"query": text, "variables": variables or {}})

    def endpoint(self, path: str) -> Ask:
        """An endpoint written by hand."""
        return partial(self._http.get, f"/hand/{path}")

    async def cost(self, ask: Ask, requests: int = REQUESTS) -> float:
        """Microseconds of the server's processor per request."""
        begun = (await self._http.get("/cpu")).json()
        for _ in range(requests):
            response = await ask()
            assert response.status_code == 200, response.text
        ended = (await self._http.get("/cpu")).json()
        return float(ended - begun) / 1_000 / requests

    async def same(self, *asks: Ask) -> None:
        """All answer the same JSON."""
        answers = [orjson.loads((await ask()).content) for ask in asks]
        assert all(answer == answers[0] and "errors" not in answer for answer in answers), answers


async def ratios(measured: Measured, deal: str) -> None:
    """Compare and print."""
    listed, listed_by_hand = measured.query("compiled", LIST), measured.endpoint("deals?first=50")
    one, one_by_hand = measured.query("compiled", ONE, {"id": deal}), measured.endpoint(f"deals/{deal}")
    forecast, forecast_by_hand = measured.query("compiled", FORECAST), measured.endpoint("forecast")
    resolved = measured.query("reference", LIST)
    await measured.same(listed, listed_by_hand, resolved)
    await measured.same(one, one_by_hand)
    await measured.same(forecast, forecast_by_hand)
    pairs = (
        (
            "deals(first: 50) with account, owner and product, to an endpoint by hand",
            listed,
            listed_by_hand,
            Goal(at_most=1.5),
        ),
        ("one deal, to an endpoint by hand", one, one_by_hand, Goal(at_most=1.5)),
        ("forecast by owner, to an endpoint by hand", forecast, forecast_by_hand, None),
    )
    for title, candidate, baseline, goal in pairs:
        await compare(
            title,
            candidate=partial(measured.cost, candidate),
            baseline=partial(measured.cost, baseline),
            goal=goal,
            unit=" us",
        )
    await compare(
        "the resolvers, to the same deals(first: 50) compiled",
        candidate=partial(measured.cost, resolved, SLOW_REQUESTS),
        baseline=partial(measured.cost, listed),
        goal=Goal(at_least=10),
        rounds=5,
        unit=" us",
    )


async def loaded(url: str) -> str:
    """A database full of deals; the id of one that points at everything."""
    await write_side.adapters.migrations.upgrade(url)
    await projections.migrations.upgrade(url)
    await load_past(url, a_past(1, tenants={"demo": DEALS, "other": DEALS // 10}))
    connection = await asyncpg.connect(url)
    found = await connection.fetchval(
        "select id::text from deal_board"
        " where tenant = 'demo' and num_nulls(account_id, owner_id, product_id) = 0 order by id limit 1"
    )
    await connection.close()
    return str(found)


async def measure(postgres_url: str, port: int, deal: str) -> None:
    """With the server at the port."""
    tokens = Tokens(SECRET, clock=system_clock)
    token = tokens.issue(tenant="demo", user_id="bench", role=Role.VIEWER, lifetime=timedelta(hours=1))
    headers = {"authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as http:
        await _ready(http)
        await ratios(Measured(http), deal)


async def _ready(http: httpx2.AsyncClient) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                await http.get("/cpu")
            except httpx2.ConnectError:
                await asyncio.sleep(0.05)
            else:
                return


def run(postgres_url: str, redis_url: str) -> None:
    """On a database and a server process of its own."""
    deal = uvloop.run(loaded(postgres_url))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "benchmarks.read_server", str(port), postgres_url, redis_url])
    try:
        uvloop.run(measure(postgres_url, port, deal))
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    """Measure and print; the thread that starts servers must be the main one."""
    with scratch() as data, start_postgres(data) as postgres, start_valkey(data) as valkey:
        run(postgres.url, valkey.url)
