"""A Faust worker into the Postgres views, beside a bare aiokafka loop that upserts the same rows in batches by hand."""

import statistics
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from functools import partial
from random import Random
from typing import Final
from uuid import uuid4

import asyncpg
import uvloop
from aiokafka import AIOKafkaProducer

import projections.migrations
import write_side.adapters.migrations
from benchmarks.compare import Goal, compare
from benchmarks.follow import GROUP, rows
from benchmarks.scratch import scratch
from benchmarks.worker_by_hand import bare_agent, by_hand
from benchmarks.worker_clock import Clock
from event_schemas.envelope import StoredEvent
from event_schemas.records import headers_of, value_of
from event_schemas.relayed import NOTHING
from event_schemas.streams import START, Position
from event_schemas.topics import Lane, key_of, lane_of
from projections.bootstrap import room_for_batches
from projections.changes import Change
from projections.engines.cluster import Cluster
from projections.engines.faust_app import LaneApp
from projections.engines.lanes import LaneFollower
from projections.runner import Runner
from projections.sinks.connection import Connection, connected
from projections.sinks.documents import StoredDocuments
from projections.sinks.postgres import postgres_sink
from projections.sinks.progress import Progress
from replay_tools.embedded.kafka import start_kafka
from replay_tools.embedded.postgres import start_postgres
from tests.support.histories import deal_moves, deals
from tests.support.secrets import MASTER
from write_side.adapters.kafka import Kafka
from write_side.adapters.kafka_topics import apply_topics
from write_side.adapters.postgres_log import PostgresEventLog

NAME = "worker"
DEALS: Final = 5_000
ROUNDS: Final = 7
_TRANSACTION: Final = 1_000


@asynccontextmanager
async def runner(url: str) -> AsyncIterator[Runner[Change]]:
    """An owner of lanes of the views that the loop by hand writes too."""
    async with connected(url) as connection:
        documents = StoredDocuments(group=GROUP.name, connection=connection, lane_of=lane_of)
        sink = await postgres_sink(connection, GROUP.tables, documents)
        progress = Progress(group=GROUP.name, connection=connection)
        yield Runner(group=GROUP, progress=progress, sink=sink, lane_of=lane_of)


class NoSubjects:
    """Deals are nobody's personal data; the first batch that is asked about starts the clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def attach(self, events: Sequence[StoredEvent]) -> Sequence[StoredEvent]:
        """As they are."""
        self._clock.begin()
        return events


async def faust_worker(cluster: Cluster, url: str, ends: Mapping[Lane, Position], clock: Clock) -> None:
    """The platform's own app, in a consumer group that has never been, until it has all records."""
    behind = dict(ends)

    def advanced(reached: Mapping[Lane, Position]) -> None:
        for lane, position in reached.items():
            if behind.get(lane) == position:
                del behind[lane]
        if not behind:
            clock.end()

    @asynccontextmanager
    async def follower() -> AsyncIterator[LaneFollower]:
        async with AsyncExitStack() as stack:
            log = await PostgresEventLog.connect(url, secret=MASTER)
            stack.push_async_callback(log.close)
            yield await stack.enter_async_context(
                aclosing(
                    LaneFollower(
                        group=GROUP.name,
                        log=log,
                        owner=partial(runner, url),
                        keys=NoSubjects(clock),
                        relayed=lambda: NOTHING,
                        advanced=advanced,
                    )
                )
            )

    app = LaneApp(group=uuid4().hex, cluster=cluster, follower=follower)
    await app.start()
    await clock.ended.wait()
    await app.stop()


async def publish(cluster: Cluster, events: Sequence[StoredEvent]) -> dict[Lane, Position]:
    """As the relay does, in transactions of many records; the last position of each lane."""
    producer = AIOKafkaProducer(bootstrap_servers=list(cluster.servers), transactional_id=uuid4().hex)
    await producer.start()
    last: dict[Lane, Position] = {}
    for start in range(0, len(events), _TRANSACTION):
        async with producer.transaction():
            for event in events[start : start + _TRANSACTION]:
                lane = lane_of(event.stream)
                await producer.send(
                    cluster.topic(lane.topic),
                    value_of(event),
                    key=key_of(event.stream).encode(),
                    partition=lane.partition,
                    headers=headers_of(event, previous=last.get(lane, START)),
                )
                last[lane] = event.position
    await producer.stop()
    return last


async def rate(admin: Connection, events: int, run: Callable[[Clock], Awaitable[None]], cpu: list[float]) -> float:
    """Events a second of a run that begins with empty views; its CPU goes to the list."""
    await admin.execute(f"truncate {', '.join(GROUP.tables)}, documents, watermarks, dead_letters")
    await admin.execute("insert into watermarks values ('by hand', 'log', 0, 0)")
    await admin.execute("checkpoint")
    clock = Clock(events)
    await run(clock)
    cpu.append(clock.microseconds)
    return clock.rate


async def measure(url: str, kafka_url: str) -> None:
    """First that both write the same rows, then how fast."""
    await write_side.adapters.migrations.upgrade(url)
    await projections.migrations.upgrade(url)
    await apply_topics(Kafka(kafka_url))
    cluster = Cluster.at(kafka_url)
    events = deals(Random(1), DEALS, happens=deal_moves)
    ends = await publish(cluster, events)
    admin: Connection = await asyncpg.connect(url)
    cpu: dict[str, list[float]] = {"worker": [], "by hand": [], "bare agent": []}
    loop = partial(rate, admin, len(events), partial(by_hand, cluster, url), cpu["by hand"])
    ours = partial(rate, admin, len(events), partial(faust_worker, cluster, url, ends), cpu["worker"])
    await loop()
    written = await rows(admin)
    await ours()
    assert await rows(admin) == written, "the two do not write the same rows"
    await compare(
        f"worker, {len(events)} events from Kafka by Faust into the Postgres views, to a bare aiokafka loop by hand",
        candidate=ours,
        baseline=loop,
        goal=Goal(at_least=0.6),
        rounds=ROUNDS,
        unit=" events/s",
    )
    agent = [await rate(admin, len(events), partial(bare_agent, cluster), cpu["bare agent"]) for _ in range(3)]
    print(f"  beside a bare Faust agent as it comes, which does nothing: {statistics.median(agent):,.0f} events/s")
    print("  CPU an event: " + ", ".join(f"{name} {statistics.median(of):.0f} us" for name, of in cpu.items()))
    await admin.close()


def main() -> None:
    """Measure and print, on servers of its own."""
    with (
        scratch() as data,
        start_postgres(data) as postgres,
        start_kafka(data) as kafka,
        room_for_batches(),
    ):
        uvloop.run(measure(postgres.url, kafka.url))
