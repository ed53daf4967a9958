"""What the stores of the views hold, and view groups over them."""

from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Any

import asyncpg
from redis.asyncio import Redis

from event_schemas.envelope import StoredEvent
from projections.bootstrap import cards_runner, postgres_runner

_NOT_VIEWS = {"log_head", "log_events", "subject_keys", "alembic_version_log", "alembic_version_views"}
Rows = dict[str, list[str]]


async def rows(url: str) -> Rows:
    """Every row of every table that the projections write, as JSON; without the moment at which an event was parked."""
    connection = await asyncpg.connect(url)
    try:
        found = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
        names = sorted({row[0] for row in found} - _NOT_VIEWS)
        return {name: [row[0] for row in await connection.fetch(_all_rows(name))] for name in names}
    finally:
        await connection.close()


def _all_rows(table: str) -> str:
    return f"select (to_jsonb(t) - 'parked_at')::text from \"{table}\" as t order by 1"


def lines_of(events: Sequence[StoredEvent]) -> int:
    """How many events have a line in a timeline: all but bookkeeping and what happens to saved views."""
    return sum(event.type != "command.accepted" and not event.type.startswith("saved_view.") for event in events)


async def entries(url: str) -> dict[str, dict[str, str]]:
    """Every key of the Redis database with its hash, or with the members and scores of its sorted set."""
    async with Redis.from_url(url, decode_responses=True) as client:
        hashes = await _read(client, "HASH", lambda pipeline, key: pipeline.hgetall(key))
        sets = await _read(client, "ZSET", lambda pipeline, key: pipeline.zrange(key, 0, -1, withscores=True))
    return hashes | {key: {member: f"{score:.0f}" for member, score in found} for key, found in sets.items()}


async def _read(client: Redis, kind: str, ask: Callable[[Any, str], object]) -> dict[str, Any]:
    """All keys of a kind, in one round trip each thousand."""
    keys = [str(key) async for key in client.scan_iter(count=1_000, _type=kind)]
    found: list[Any] = []
    for start in range(0, len(keys), 1_000):
        pipeline = client.pipeline(transaction=False)
        for key in keys[start : start + 1_000]:
            ask(pipeline, key)
        found += await pipeline.execute()
    return dict(zip(keys, found, strict=True))


def batches(random: Random, events: Sequence[StoredEvent]) -> Iterable[Sequence[StoredEvent]]:
    """The events in order, in batches of random size; now and then some that came before come again."""
    at = 0
    while at < len(events):
        again = random.choice((0, 0, random.randrange(50)))
        size = random.choice((1, 2, 10, 100))
        yield events[max(0, at - again) : at + size]
        at += size


async def project_rows(url: str, events: Sequence[StoredEvent]) -> None:
    """All Postgres views from their watermark on, in large batches."""
    async with postgres_runner(url) as runner:
        await runner.resume()
        for at in range(0, len(events), 1_000):
            await runner.project(events[at : at + 1_000])


async def project_cards(url: str, redis_url: str, events: Sequence[StoredEvent]) -> None:
    """All cards from their watermark on, in large batches."""
    async with cards_runner(url, redis_url) as runner:
        await runner.resume()
        for at in range(0, len(events), 1_000):
            await runner.project(events[at : at + 1_000])
