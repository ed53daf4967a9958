"""From sending a command to seeing it in deal_board, at 200 commands a second: p50 and p99."""

import asyncio
import time
from uuid import UUID, uuid4

import asyncpg
import uvloop

import projections.bootstrap
import projections.migrations
import write_side.adapters.migrations
import write_side.bootstrap
from benchmarks.scratch import scratch
from event_schemas.pipeline import StageCategory
from event_schemas.streams import TenantId
from event_schemas.values import Money
from replay_tools.embedded.postgres import PostgresServer, start_postgres
from replay_tools.embedded.valkey import ValkeyServer, start_valkey
from tests.support.secrets import MASTER
from write_side.application.requests import Request
from write_side.application.transact import Transactor
from write_side.domain.deal import OpenDeal
from write_side.domain.decider import Command
from write_side.domain.pipeline import DefinePipeline, NewStage

NAME = "visible"
RATE = 200
SECONDS = 15
TENANT = TenantId("bench")
PIPELINE = uuid4()
SEEN = "select true from deal_board where tenant = $1 and id = $2"
CATEGORIES = ((StageCategory.OPEN, 50), (StageCategory.WON, 100), (StageCategory.LOST, 0))


def request(command: Command) -> Request:
    """As the API makes it."""
    sent = {"id": str(command.id)}
    return Request(tenant=TENANT, actor="bench", source="bench", sent=sent, idempotency_key=str(command.id))


async def one(transactor: Transactor, pool: "asyncpg.Pool[asyncpg.Record]", taken: list[float]) -> None:
    """Open one deal, and look for its row until it is there."""
    deal: UUID = uuid4()
    started = time.perf_counter()
    command = OpenDeal(id=deal, name="Deal", pipeline_id=PIPELINE, amount=Money(100, "USD"))
    await transactor.transact(command, request(command))
    while not await pool.fetchval(SEEN, TENANT, deal):  # noqa: ASYNC110 -- when the row appears is what is measured
        await asyncio.sleep(0.002)
    taken.append(time.perf_counter() - started)


async def measure(postgres: PostgresServer, valkey: ValkeyServer) -> list[float]:
    """Seconds of each command, in the order of their ends."""
    await write_side.adapters.migrations.upgrade(postgres.url)
    await projections.migrations.upgrade(postgres.url)
    taken: list[float] = []
    async with write_side.bootstrap.postgres_store(postgres.url, master_secret=MASTER) as store:
        transactor = write_side.bootstrap.transactor(store=store, master_secret=MASTER)
        stages = tuple(NewStage(name=c.name, probability=p, category=c) for c, p in CATEGORIES)
        define = DefinePipeline(id=PIPELINE, name="Sales", currency="USD", stages=stages)
        await transactor.transact(define, request(define))
        following = projections.bootstrap.following(store, postgres_url=postgres.url, redis_url=valkey.url)
        async with following, asyncpg.create_pool(postgres.url, max_size=10) as pool, asyncio.TaskGroup() as group:
            begun = time.perf_counter()
            for number in range(RATE * SECONDS):
                await asyncio.sleep(max(0.0, begun + number / RATE - time.perf_counter()))
                group.create_task(one(transactor, pool, taken))
    return taken


def run() -> list[float]:
    """On servers of their own; the thread that starts them must be the main one."""
    with scratch() as data, start_postgres(data) as postgres, start_valkey(data) as valkey:
        return uvloop.run(measure(postgres, valkey))


def main() -> None:
    """Measure and print."""
    taken = sorted(run())
    p50, p99 = (1000 * taken[int(len(taken) * share)] for share in (0.5, 0.99))
    print(
        f"{len(taken)} commands at {RATE}/s, from sending to a row in deal_board:"
        f" p50 {p50:.1f} ms, p99 {p99:.1f} ms (limit 500 ms), worst {1000 * taken[-1]:.1f} ms"
    )
