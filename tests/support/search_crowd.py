"""A tenant with very many entities to be searched, put straight into the table; the same for the same seed."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, Final
from uuid import UUID

import asyncpg

from event_schemas.folding import spelled
from projections.changes import Row
from projections.searchable import Entry, Text, columns, near_words
from projections.views.search_entries import WORD_COLUMNS
from tests.support.events import some_id

TENANT: Final = "demo"
SIZE: Final = 200_000
OWNERS: Final = tuple(some_id(f"owner {number}") for number in range(50))
STAGES: Final = tuple(some_id(f"stage {number}") for number in range(6))
PIPELINE: Final = some_id("pipeline")

_WORDS: Final = {
    name: rest.split()
    for name, _, rest in (
        line.partition(": ") for line in Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    )
}
_SOURCES: Final = ("Google", "Direct Traffic", "Olark Chat", "Organic Search", "Reference", "Welingak Website")


def surname(random: Random) -> str:
    """One of some 70,000, the short ones often."""
    middle = random.choice(_WORDS["middle"]) if random.random() < 0.6 else ""
    return random.choice(_WORDS["begin"]) + middle + random.choice(_WORDS["end"])


def company(random: Random) -> str:
    """A surname and a trade."""
    return f"{surname(random)} {random.choice(_WORDS['trade'])}"


def crowd(random: Random, size: int) -> Iterator[tuple[str, Entry]]:
    """Kinds and entries: people for the most part, as it is in life."""
    for number in range(size):
        draw = random.random()
        if draw < 0.75:
            yield ("lead" if draw < 0.5 else "contact"), _person(random, number)
        elif draw < 0.80:
            yield "account", _account(random)
        elif draw < 0.90:
            yield "deal", _deal(random, number)
        else:
            yield "activity", _activity(random)


def _person(random: Random, number: int) -> Entry:
    first, last, firm = random.choice(_WORDS["first"]), surname(random), company(random)
    host = firm.split()[0].lower()
    texts = (
        Text("name", f"{first} {last}"),
        Text("jobTitle", f"{random.choice(_WORDS['jobs'])} {random.choice(_WORDS['trade'])}"),
        Text("email", f"{first}.{last}{number % 97}@{host}.example.com"),
        Text("phone", f"+1 {random.randrange(200, 999)} {random.randrange(200, 999)} {random.randrange(10**4):04}"),
        Text("company", firm),
        Text("source", random.choice(_SOURCES)),
    )
    close = frozenset({"name", "email", "phone", "company"})
    owner = random.choice(OWNERS)
    return Entry(name=texts[0].text, texts=texts, close=close, owner_id=owner, archived=random.random() < 0.05)


def _account(random: Random) -> Entry:
    name = company(random)
    texts = (Text("name", name), Text("sector", random.choice(_WORDS["trade"])), Text("location", surname(random)))
    return Entry(name=name, texts=texts, owner_id=random.choice(OWNERS))


def _deal(random: Random, number: int) -> Entry:
    name = f"{company(random)} {random.choice(_WORDS['nouns'])} {number}"
    stage = random.choice(STAGES)
    return Entry(
        name=name, texts=(Text("name", name),), owner_id=random.choice(OWNERS), pipeline_id=PIPELINE, stage_id=stage
    )


def _activity(random: Random) -> Entry:
    subject = f"{random.choice(_WORDS['nouns'])} with {random.choice(_WORDS['first'])} {surname(random)}"
    body = " ".join(random.choice((*_WORDS["nouns"], *_WORDS["trade"], *_WORDS["jobs"])) for _ in range(30))
    texts = (Text("subject", subject), Text("body", body))
    return Entry(name=subject, texts=texts, close=frozenset({"subject"}), owner_id=random.choice(OWNERS))


def row_of(tenant: str, kind: str, number: int, entry: Entry) -> Row:
    """The whole row of an entity whose only event has this position."""
    place: Row = {
        "tenant": tenant,
        "kind": kind,
        "id": UUID(int=number),
        "born": number,
        "version": 1,
        "position": number,
    }
    return place | columns(entry)


async def fill(url: str, *, tenant: str = TENANT, size: int = SIZE, seed: int = 1, first_id: int = 1) -> None:
    """Put a crowd into the tables as the superuser, whom row security does not concern, and let PostgreSQL count it."""
    entries = list(crowd(Random(seed), size))
    rows = [row_of(tenant, kind, number, entry) for number, (kind, entry) in enumerate(entries, first_id)]
    words = {(tenant, word, spelled(word)) for _, entry in entries for word in near_words(entry)}
    connection: Any = await asyncpg.connect(url)
    try:
        await connection.execute("set maintenance_work_mem = '256MB'")
        await _copy(connection, "search_entries", list(rows[0]), [tuple(row.values()) for row in rows])
        await _copy(connection, "search_words", list(WORD_COLUMNS), sorted(words))
        await connection.execute(
            "insert into watermarks values ('postgres', 'log', 0, $1) on conflict (view_group, topic, partition)"
            " do update set position = greatest(watermarks.position, excluded.position)",
            first_id + size,
        )
    finally:
        await connection.close()


async def _copy(connection: Any, table: str, names: list[str], records: list[tuple[Any, ...]]) -> None:
    """Without the indexes that are made faster afterwards."""
    found = await connection.fetch(
        "select indexname, indexdef from pg_indexes where tablename = $1 and indexdef like '%USING gin%'", table
    )
    for each in found:
        await connection.execute(f"drop index {each['indexname']}")
    await connection.copy_records_to_table(table, records=records, columns=names)
    for each in found:
        await connection.execute(each["indexdef"])
    await connection.execute(f"vacuum analyze {table}")
