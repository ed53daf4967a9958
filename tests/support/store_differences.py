"""What the three stores hold, beside what a fold of the log alone makes: the places where they differ."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg
from elasticsearch import AsyncElasticsearch
from elasticsearch.helpers import async_scan

from event_schemas.activity import ActivityLogged
from event_schemas.codec import decode
from event_schemas.envelope import StoredEvent
from event_schemas.streams import START
from projections.bootstrap import cards_runner, postgres_runner
from projections.catalog import POSTGRES
from projections.runner import Runner
from projections.search_bootstrap import search_runner
from projections.sinks.redis_calls import FEED_CAP
from projections.views.activity_counts import NOBODY
from tests.support.databases import fresh_database, migrated_template
from tests.support.secrets import MASTER
from tests.support.views import entries, rows
from write_side.adapters.postgres_log import PostgresEventLog

Places = dict[str, tuple[object, object]]
"""Where two stores differ: what is there, and what should be."""

_PAGE: Final = 1_000
_REBUILT: Final = "rebuilt"


async def whole_log_of(url: str) -> list[StoredEvent]:
    """Every event of the store."""
    log = await PostgresEventLog.connect(url, secret=MASTER, role="crm_worker")
    try:
        events: list[StoredEvent] = []
        while page := await log.read_all(after=events[-1].position if events else START, limit=_PAGE):
            events += page
        return events
    finally:
        await log.close()


async def differences(
    events: Sequence[StoredEvent], *, postgres_url: str, redis_url: str, elasticsearch_url: str
) -> Places:
    """Of tables, Redis and Elasticsearch, against new ones made of the log in one pass each."""
    template = await migrated_template(postgres_url)
    other_redis = f"{redis_url.rpartition('/')[0]}/9"
    async with fresh_database(postgres_url, template=template) as fresh:
        async with (
            postgres_runner(fresh) as tables,
            cards_runner(fresh, other_redis) as cards,
            search_runner(fresh, elasticsearch_url, prefix=_REBUILT, refresh=True) as search,
        ):
            await asyncio.gather(*(_project(runner, events) for runner in (tables, cards, search)))
        found = _of_tables(await rows(postgres_url), await rows(fresh))
    found |= _between("redis", _told(await entries(redis_url)), _told(await entries(other_redis)))
    async with AsyncElasticsearch(elasticsearch_url) as client:
        await client.indices.refresh(index="*")
        live, rebuilt = await documents(client, "crm-search"), await documents(client, f"{_REBUILT}-search")
    return found | _between("elasticsearch", live, rebuilt)


async def documents(client: AsyncElasticsearch, index: str) -> dict[str, str]:
    """Every document of an index by its id, without the notes of how far the index is."""
    found = {hit["_id"]: str(hit["_source"]) async for hit in async_scan(client, index=index)}
    return {name: source for name, source in found.items() if not name.startswith("reached/")}


async def counted(url: str) -> Counter[tuple[UUID, str, str]]:
    """What the view made of increments holds: activities done by user, kind and day."""
    connection = await asyncpg.connect(url)
    try:
        found = await connection.fetch("select owner_id, kind, day, done from activity_counts")
    finally:
        await connection.close()
    return Counter({(row["owner_id"], row["kind"], str(row["day"])): row["done"] for row in found})


def counts_of(events: Sequence[StoredEvent]) -> Counter[tuple[UUID, str, str]]:
    """The same, counted from the log without the view's code: each logged activity is one."""
    found: Counter[tuple[UUID, str, str]] = Counter()
    for stored in events:
        if stored.type == "activity.logged":
            recorded = decode(stored)
            assert isinstance(recorded.event, ActivityLogged)
            day = recorded.meta.occurred_at.date()
            found[recorded.event.owner_id or NOBODY, recorded.event.kind.value, str(day)] += 1
    return found


async def _project(runner: Runner[Any], events: Sequence[StoredEvent]) -> None:
    await runner.resume()
    for start in range(0, len(events), _PAGE):
        await runner.project(events[start : start + _PAGE])


def _of_tables(live: Mapping[str, list[str]], rebuilt: Mapping[str, list[str]]) -> Places:
    places: Places = {}
    for table in (*POSTGRES.tables, "documents", "dead_letters"):
        there, made = Counter(live[table]), Counter(rebuilt[table])
        places |= {f"{table} {row}": (count, made[row]) for row, count in (there - made).items()}
        places |= {f"{table} {row}": (there[row], count) for row, count in (made - there).items()}
    return places


def _told(found: Mapping[str, dict[str, str]]) -> dict[str, object]:
    """Without the note of how far the store is; of a feed, what is always kept: when the rest goes is not promised."""
    told: dict[str, object] = {}
    for key, entry in found.items():
        if key.startswith("feed:"):
            newest = sorted(entry.items(), key=lambda member: int(member[1]), reverse=True)
            told[key] = newest[:FEED_CAP]
        elif not key.startswith("view_group"):
            told[key] = entry
    return told


def _between(store: str, live: Mapping[str, object], rebuilt: Mapping[str, object]) -> Places:
    keys = live.keys() | rebuilt.keys()
    both = {f"{store} {key}": (live.get(key), rebuilt.get(key)) for key in keys}
    return {place: pair for place, pair in both.items() if pair[0] != pair[1]}
