"""What one writes by hand where no Faust is: `getmany`, upsert, on. And Faust as it comes, with nothing to do."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import faust
import orjson
from aiokafka import AIOKafkaConsumer

from benchmarks.follow_by_hand import Read, Upserts
from benchmarks.worker_clock import Clock
from event_schemas.records import POSITION
from event_schemas.topics import DEALS
from projections.engines.cluster import Cluster
from projections.sinks.connection import connected

BATCH = 1_000


def read_record(record: Any) -> Read:
    """Of a record: its JSON is read once, and the payload written again for the column that holds it."""
    value = orjson.loads(record.value)["data"]
    changes = value["changes"]
    return value["metadata"], changes, int(dict(record.headers)[POSITION]), orjson.dumps(changes).decode()


async def by_hand(cluster: Cluster, url: str, clock: Clock) -> None:
    """All records of the topic, in the batches that `getmany` gives, each in one transaction."""
    consumer = AIOKafkaConsumer(
        cluster.topic(DEALS.name),
        bootstrap_servers=list(cluster.servers),
        group_id=uuid4().hex,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        max_poll_records=BATCH,
    )
    await consumer.start()
    try:
        async with connected(url) as connection:
            upserts = Upserts(connection)
            done = 0
            while done < clock.events:
                found = await consumer.getmany(timeout_ms=1_000)
                records: Sequence[Any] = [record for some in found.values() for record in some]
                if records:
                    clock.begin()
                    await upserts.write(records, read_record, old=done, new=done + len(records))
                    done += len(records)
            clock.end()
    finally:
        await consumer.stop()


async def bare_agent(cluster: Cluster, clock: Clock) -> None:
    """An agent that counts, in an app with Faust's own settings."""
    app = faust.App(
        uuid4().hex,
        broker=[f"aiokafka://{server}" for server in cluster.servers],
        autodiscover=False,
        store="memory://",
        web_enabled=False,
        topic_disable_leader=True,
        datadir="/tmp/eventcrm-bench-faust",  # noqa: S108 -- Faust makes it, and keeps nothing there
    )
    topic = app.topic(cluster.topic(DEALS.name), value_type=bytes, value_serializer="raw")
    done = 0

    async def count(stream: Any) -> None:
        nonlocal done
        async for _ in stream:
            clock.begin()
            done += 1
            if done == clock.events:
                clock.end()

    app.agent(topic)(count)
    await app.start()
    await clock.ended.wait()
    await app.stop()
