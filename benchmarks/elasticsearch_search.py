"""Search among 200,000 entities of one tenant in Elasticsearch, beside PostgreSQL: the same questions, one by one."""

import os
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from random import Random

import asyncpg
import uvloop

import projections.migrations
from benchmarks.scratch import scratch
from benchmarks.search import MIX, QUESTIONS
from event_schemas.streams import Position, TenantId
from projections.search_bootstrap import elasticsearch_client
from projections.sinks.elasticsearch_index import Index
from projections.views import search_documents
from read_api.database import Database
from read_api.elasticsearch_search import ElasticsearchSearch
from read_api.elasticsearch_snapshots import Snapshots
from read_api.postgres_search import PostgresSearch
from read_api.search import Answer, Question
from replay_tools.embedded.elasticsearch import start_elasticsearch
from replay_tools.embedded.postgres import start_postgres
from tests.support.elastic_crowd import fill_index
from tests.support.search_crowd import SIZE, TENANT, fill

NAME = "elasticsearch-search"

Find = Callable[[Question], Awaitable[Answer]]
Taken = dict[str, list[float]]
"""Milliseconds by sort of question."""


async def questions(url: str) -> list[tuple[str, Question]]:
    """A mix, about people who are there."""
    random = Random(7)
    connection = await asyncpg.connect(url)
    known = await connection.fetch(
        "select name, texts->2->>'text' as address from search_entries where kind = 'lead' order by id limit 5000"
    )
    await connection.close()
    found = []
    for number in range(QUESTIONS + len(MIX)):
        sort, someone = list(MIX)[number % len(MIX)], random.choice(known)
        found.append((sort, MIX[sort](random, someone["name"], someone["address"])))
    return found


async def measure(asked: Sequence[tuple[str, Question]], find: Find) -> tuple[Taken, list[Answer]]:
    """One after another; the first of each sort does not count."""
    taken: Taken = defaultdict(list)
    answers = []
    for number, (sort, question) in enumerate(asked):
        started = time.perf_counter()
        answers.append(await find(question))
        if number >= len(MIX):
            taken[sort].append(1000 * (time.perf_counter() - started))
    return taken, answers


def report(title: str, taken: Taken) -> None:
    """Print by sort, then all."""
    print(f"{title}:")
    for sort, times in taken.items():
        ordered = sorted(times)
        print(f"  {sort}: p50 {ordered[len(ordered) // 2]:.1f} ms, worst {ordered[-1]:.1f} ms")
    every = sorted(each for times in taken.values() for each in times)
    p50, p99 = (every[int(len(every) * share)] for share in (0.5, 0.99))
    print(
        f"  {len(every)} searches among {SIZE:,} entities: p50 {p50:.1f} ms, p99 {p99:.1f} ms,"
        f" worst {every[-1]:.1f} ms; load {os.getloadavg()[0]:.1f}"
    )


def compare(asked: Sequence[tuple[str, Question]], ours: Sequence[Answer], theirs: Sequence[Answer]) -> None:
    """Print how many answers have the same hits in the same order, of those that PostgreSQL did not cut short."""
    whole = [
        ([hit.id for hit in one.hits], [hit.id for hit in other.hits], sort)
        for (sort, _), one, other in zip(asked, ours, theirs, strict=True)
        if not other.capped
    ]
    differ = [sort for one, other, sort in whole if one != other]
    print(f"the same first page: {len(whole) - len(differ)} of {len(whole)}; others: {sorted(set(differ))}")


async def run(postgres_url: str, elasticsearch_url: str) -> None:
    """On a database and an index of its own."""
    await projections.migrations.upgrade(postgres_url)
    await fill(postgres_url)
    asked = await questions(postgres_url)
    database = await Database.connect(postgres_url)

    async def position() -> Position:
        return Position(SIZE + 1)

    async def in_postgres(question: Question) -> Answer:
        async with database.transaction(TenantId(TENANT)) as transaction:
            return await PostgresSearch(transaction).find(question)

    async with elasticsearch_client(elasticsearch_url) as client:
        index = Index(client, prefix="bench", version=search_documents.VERSION)
        await index.ensure()
        await fill_index(client, index)
        search = ElasticsearchSearch(
            client=client,
            snapshots=Snapshots(client, index=index.alias, position=position),
            tenant=TenantId(TENANT),
        )
        taken, ours = await measure(asked, search.find)
        report("Elasticsearch", taken)
    taken, theirs = await measure(asked, in_postgres)
    report("PostgreSQL", taken)
    compare(asked, ours, theirs)
    await database.close()


def main() -> None:
    """Measure and print; the thread that starts servers must be the main one."""
    with (
        scratch() as data,
        start_postgres(data) as postgres,
        start_elasticsearch(data, megabytes=512) as elasticsearch,
    ):
        uvloop.run(run(postgres.url, elasticsearch.url))
