"""The newest fifty items of a feed by GraphQL, beside a bare read of the same sorted set through FastAPI: p99.

One client that sends one request after another over one connection; authentication is the same on both sides.
"""

import asyncio
import json
import socket
import subprocess
import sys
import time
from datetime import timedelta
from functools import partial
from random import Random

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
from tests.support.histories import deals
from tests.support.views import project_cards, project_rows

NAME = "feed"
DEALS = 1_000
REQUESTS = 500
USER = "ada"
QUERY = "{feed(first:50){position type occurredAt actor kind id name data}}"


class Caller:
    """HTTP over one connection, with as little of its own time in what is measured as can be."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: str) -> None:
        self._reader = reader
        self._writer = writer
        self._token = token

    def request(self, method: str, path: str, body: bytes = b"") -> bytes:
        """A request as it goes out."""
        head = (
            f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {self._token}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    async def call(self, request: bytes) -> bytes:
        """The body of the answer."""
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        body = await self._reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]))
        assert head.startswith(b"http/1.1 200"), body
        return body

    async def time(self, share: int, request: bytes) -> float:
        """Microseconds that so many of a hundred calls stay under."""
        taken = []
        for _ in range(REQUESTS):
            begun = time.perf_counter()
            await self.call(request)
            taken.append(time.perf_counter() - begun)
        return 1_000_000 * sorted(taken)[REQUESTS * share // 100]


async def loaded(postgres_url: str, redis_url: str) -> None:
    """Deals of one user, in the tables and in the feeds."""
    await write_side.adapters.migrations.upgrade(postgres_url)
    await projections.migrations.upgrade(postgres_url)
    events = deals(Random(1), DEALS)
    await project_rows(postgres_url, events)
    await project_cards(postgres_url, redis_url, events)


async def connected(port: int) -> Caller:
    """Once the server listens."""
    token = Tokens(SECRET, clock=system_clock).issue(
        tenant="demo", user_id=USER, role=Role.VIEWER, lifetime=timedelta(hours=1)
    )
    async with asyncio.timeout(30):
        while True:
            try:
                return Caller(*await asyncio.open_connection("127.0.0.1", port), token)
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)


async def measure(port: int) -> None:
    """That both answer the same, then how fast."""
    caller = await connected(port)
    asked = json.dumps({"query": QUERY}).encode()
    feed = caller.request("POST", "/api/graphql", asked)
    resolved = caller.request("POST", "/resolvers/graphql", asked)
    bare = caller.request("GET", "/bare/feed")
    answer = await caller.call(feed)
    assert answer == await caller.call(resolved)
    told = [item["position"] for item in json.loads(answer)["data"]["feed"]]
    assert told == [str(item["position"]) for item in json.loads(await caller.call(bare))]
    assert len(told) == 50
    for title, candidate, share, goal in (
        ("feed(first: 50), p99, to a bare sorted-set read through FastAPI", feed, 99, Goal(at_most=1.5)),
        ("the same, median", feed, 50, None),
        ("the same by the resolvers, median", resolved, 50, None),
    ):
        await compare(
            title,
            candidate=partial(caller.time, share, candidate),
            baseline=partial(caller.time, share, bare),
            goal=goal,
            rounds=9 if goal else 3,
            unit=" us",
        )


def run(postgres_url: str, redis_url: str) -> None:
    """On a database, a Valkey and a server process of its own."""
    uvloop.run(loaded(postgres_url, redis_url))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "benchmarks.feed_server", str(port), postgres_url, redis_url])
    try:
        uvloop.run(measure(port))
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    """Measure and print; the thread that starts servers must be the main one."""
    with scratch() as data, start_postgres(data) as postgres, start_valkey(data) as valkey:
        run(postgres.url, valkey.url)
