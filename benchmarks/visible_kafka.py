"""From a command to its row in deal_board over relay, Kafka and Faust worker, at 200 a second: p50 and p99.

Beside it what a bare loop takes that knows no commands: produce, consume, upsert, until the row can be selected.
"""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

import projections.migrations
import write_side.adapters.migrations
import write_side.bootstrap
from benchmarks.scratch import scratch
from benchmarks.visible import CATEGORIES, PIPELINE, TENANT, one, request
from event_schemas.topics import DEALS
from replay_tools.embedded.kafka import start_kafka
from replay_tools.embedded.postgres import start_postgres
from replay_tools.embedded.valkey import start_valkey
from tests.support.secrets import MASTER
from write_side.adapters.kafka import Kafka
from write_side.adapters.kafka_topics import apply_topics
from write_side.domain.pipeline import DefinePipeline, NewStage

NAME = "visible_kafka"
RATE: Final = 200
SECONDS: Final = 15
WARM_SECONDS: Final = 5
"""At the same rate, and not counted: whoever joins a group, or compiles a statement, does it then."""
GOAL_MS: Final = 500
_BEGUN: Final = "select true from pipeline_list where id = $1"
_UPSERT: Final = "insert into bare values ($1, $2) on conflict (tenant, id) do nothing"
_BARE_SEEN: Final = "select true from bare where tenant = $1 and id = $2"

Act = Callable[[list[float]], Coroutine[Any, Any, None]]


async def at_rate(act: Act) -> list[float]:
    """Seconds that each took, in order, once it is warm."""
    taken: list[float] = []
    async with asyncio.TaskGroup() as group:
        begun = time.perf_counter()
        for number in range(RATE * (WARM_SECONDS + SECONDS)):
            await asyncio.sleep(max(0.0, begun + number / RATE - time.perf_counter()))
            group.create_task(act(taken if number >= RATE * WARM_SECONDS else []))
    return sorted(taken)


async def ours(url: str) -> list[float]:
    """Commands, behind a relay and a worker, as soon as the first one has come through."""
    async with write_side.bootstrap.postgres_store(url, master_secret=MASTER) as store:
        transactor = write_side.bootstrap.transactor(store=store, master_secret=MASTER)
        stages = tuple(NewStage(name=c.name, probability=p, category=c) for c, p in CATEGORIES)
        define = DefinePipeline(id=PIPELINE, name="Sales", currency="USD", stages=stages)
        await transactor.transact(define, request(define))
        async with asyncpg.create_pool(url, max_size=10) as pool:
            while not await pool.fetchval(_BEGUN, PIPELINE):  # noqa: ASYNC110 -- relay and worker are being started
                await asyncio.sleep(0.1)
            return await at_rate(lambda taken: one(transactor, pool, taken))


async def bare(url: str, kafka_url: str) -> list[float]:
    """No commands, no transactions, no state: what Kafka and PostgreSQL take for themselves."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka_url, acks="all", linger_ms=0)
    consumer = AIOKafkaConsumer(DEALS.name, bootstrap_servers=kafka_url, group_id=uuid4().hex, enable_auto_commit=False)
    async with asyncpg.create_pool(url, max_size=10) as pool, producer, consumer:
        await pool.execute("create table bare (tenant text, id uuid, primary key (tenant, id))")

        async def consume() -> None:
            while True:
                found = await consumer.getmany(timeout_ms=1_000)
                if deals := [(TENANT, UUID(bytes=record.value)) for some in found.values() for record in some]:
                    await pool.executemany(_UPSERT, deals)

        async def act(taken: list[float]) -> None:
            deal = uuid4()
            started = time.perf_counter()
            await producer.send_and_wait(DEALS.name, deal.bytes, partition=deal.int % DEALS.partitions)
            while not await pool.fetchval(_BARE_SEEN, TENANT, deal):  # noqa: ASYNC110 -- this is what is measured
                await asyncio.sleep(0.002)
            taken.append(time.perf_counter() - started)

        while not consumer.assignment():  # noqa: ASYNC110 -- its first rebalance, which is not measured
            await asyncio.sleep(0.05)
        for partition in consumer.assignment():
            await consumer.position(partition)  # what is sent from now on is read
        consuming = asyncio.create_task(consume())
        try:
            return await at_rate(act)
        finally:
            consuming.cancel()
            await asyncio.wait([consuming])


@contextmanager
def processes(environment: dict[str, str]) -> Iterator[None]:
    """A relay, and a worker of the Postgres views."""
    crm = (sys.executable, "-m", "replay_tools")
    running = [
        subprocess.Popen([*crm, *words], env=environment) for words in (("relay",), ("worker", "--group", "postgres"))
    ]
    try:
        yield
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            process.wait()


async def prepared(url: str, kafka_url: str) -> None:
    """Tables and topics."""
    await write_side.adapters.migrations.upgrade(url)
    await projections.migrations.upgrade(url)
    await apply_topics(Kafka(kafka_url))


def report(name: str, taken: list[float]) -> None:
    """One line."""
    p50, p99 = (1000 * taken[int(len(taken) * share)] for share in (0.5, 0.99))
    print(f"  {name}: p50 {p50:.1f} ms, p99 {p99:.1f} ms, worst {1000 * taken[-1]:.1f} ms", flush=True)


def main() -> None:
    """Measure and print, on servers of its own."""
    with (
        scratch() as data,
        start_postgres(data) as pg,
        start_kafka(data) as kafka,
        start_valkey(data) as vk,
    ):
        environment = {
            "PATH": "/usr/bin:/bin",
            "CRM_POSTGRES_URL": pg.url,
            "CRM_KAFKA_URL": kafka.url,
            "CRM_REDIS_URL": vk.url,
            "CRM_MASTER_SECRET": MASTER.decode(),
        }
        uvloop.run(prepared(pg.url, kafka.url))
        with processes(environment):
            through_all = uvloop.run(ours(pg.url))
        through_kafka = uvloop.run(bare(pg.url, kafka.url))
    print(f"visible_kafka, {len(through_all)} commands at {RATE}/s, from sending to a row (goal p99 < {GOAL_MS} ms)")
    report("command, relay, Kafka, Faust worker", through_all)
    report("bare: produce, consume, upsert, select", through_kafka)
