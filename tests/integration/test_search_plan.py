"""Among 200,000 entities a search goes by indexes: read from the plans of what its functions really execute."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import orjson
import pytest
import pytest_asyncio

from read_api.database import SETTINGS
from read_api.postgres_search import LOOKED_AT, PostgresSearch
from read_api.search import Answer, Question
from tests.support.databases import fresh_database, migrated_template
from tests.support.search_crowd import OWNERS, SIZE, STAGES, TENANT, fill

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

LABEL, LEXEMES, LETTERS = "search_entries_label", "search_entries_lexemes", "search_entries_letters"
NEAR, KEY = "search_words_near", "search_entries_pkey"
EXPLAINED = {
    "log_min_duration": "0",
    "log_nested_statements": "on",
    "log_format": "json",
    "log_analyze": "on",
    "log_timing": "off",
    "log_level": "log",
}


class Explained:
    """Reads as the API does, and remembers the plan of every statement and of those within its functions."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._told: list[str] = []
        connection.add_log_listener(lambda _, message: self._told.append(message.message))

    async def fetch(self, sql: str, *arguments: object) -> Any:
        """The rows."""
        return await self._connection.fetch(sql, *arguments)

    def plans(self) -> list[Any]:
        """What was executed since this was asked last."""
        told, self._told[:] = list(self._told), []
        texts = (re.search(r"plan:\n(\{.*\})", each, re.DOTALL) for each in told)
        return [orjson.loads(text[1])["Plan"] for text in texts if text]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def crowded(postgres_url: str) -> AsyncIterator[str]:
    """The URL of a database with very many entities of one tenant, and some of another."""
    async with fresh_database(postgres_url, template=await migrated_template(postgres_url)) as url:
        await fill(url)
        await fill(url, tenant="other", size=2_000)
        yield url


@pytest_asyncio.fixture(loop_scope="module")
async def explained(crowded: str) -> AsyncIterator[Explained]:
    """A connection of the API's, that tells its plans."""
    settings = {name: value for name, value in SETTINGS.items() if name != "role"}
    connection = await asyncpg.connect(crowded, server_settings=settings)
    await connection.execute("load 'auto_explain'")  # before the role, which may not
    for name, value in EXPLAINED.items():
        await connection.execute(f"set auto_explain.{name} = '{value}'")
    await connection.execute(f"set client_min_messages = 'log'; set role {SETTINGS['role']}")
    await connection.execute("select set_config('crm.tenant', $1, false)", TENANT)
    yield Explained(connection)
    await connection.close()


def nodes(plan: Any) -> Iterator[Any]:
    """All steps of a plan."""
    yield plan
    for each in plan.get("Plans", ()):
        yield from nodes(each)


async def searched(explained: Explained, question: Question) -> tuple[Answer, list[Any]]:
    """The answer, and every step that was taken for it."""
    explained.plans()
    answer = await PostgresSearch(explained).find(question)
    steps = [step for plan in explained.plans() for step in nodes(plan)]
    assert any(step["Node Type"] == "Tid Scan" for step in steps)  # else the functions' own plans are not among them
    return answer, steps


FORGIVING = {LABEL, LEXEMES, LETTERS, NEAR, KEY}
QUESTIONS = {
    "one letter": (Question(text="a"), {LABEL, KEY}),
    "a beginning": (Question(text="smi"), {LABEL, LEXEMES, KEY}),
    "a name": (Question(text="Anna Schm"), {LABEL, LEXEMES, KEY}),
    "a word that nearly all have": (Question(text="example"), {LABEL, LEXEMES, KEY}),
    "two common words": (Question(text="manager software"), {LABEL, LEXEMES, KEY}),
    "a typo": (Question(text="micheal"), FORGIVING),
    "typos in two words": (Question(text="Sofwtare Berlre"), FORGIVING),
    "a piece of a word": (Question(text="erler"), FORGIVING),
    "a piece of nearly all addresses": (Question(text="ample"), FORGIVING),
    "a piece of an address": (Question(text="ler0@lot"), {LETTERS, KEY}),
    "a piece of a number": (Question(text="6990464"), FORGIVING - {NEAR}),
    "a common word of one owner's": (Question(text="example", owner=OWNERS[3]), {LABEL, LEXEMES, KEY}),
    "a common word of a rare kind": (Question(text="call", kinds=("deal",)), {LABEL, LEXEMES, KEY}),
    "a stage": (Question(text="renewal", stage=STAGES[2]), {LABEL, LEXEMES, KEY}),
    "eight words": (Question(text="anna ben carla david elena felix grace henry"), {LABEL, LEXEMES, NEAR}),
}


@pytest.mark.parametrize("name", QUESTIONS)
async def test_a_search_goes_by_indexes(name: str, explained: Explained) -> None:
    """No step reads a whole table, and none hands on more rows than are looked at."""
    question, wanted = QUESTIONS[name]
    answer, steps = await searched(explained, question)
    assert [step for step in steps if step["Node Type"] == "Seq Scan"] == []
    used = {step["Index Name"] for step in steps if step.get("Index Name", "").startswith("search_")}
    assert used >= wanted
    assert bool(answer.hits) == (name != "eight words")
    assert answer.total <= LOOKED_AT
    assert all(step["Actual Rows"] <= 1 for step in steps if step.get("Index Name") == KEY)  # the rows of a page
    fetched = [step["Actual Rows"] for step in steps if step["Node Type"] in ("Tid Scan", "Limit")]
    assert max(fetched) <= 4 * LOOKED_AT


async def test_row_security_would_read_the_whole_table(explained: Explained) -> None:
    """The control: the same condition without the function, as the API's role, finds no index to use."""
    sql = "select id from search_entries where lexemes @@ $1::text::tsquery"
    explained.plans()
    await explained.fetch(sql, "'demo/micheal'")
    (plan,) = explained.plans()
    scanned = [step["Node Type"] for step in nodes(plan)]
    assert LEXEMES not in {step.get("Index Name") for step in nodes(plan)}, scanned


async def test_a_small_tenant_pays_for_itself_alone(explained: Explained) -> None:
    """Words that nearly all entities of the large tenant have: of a small one no more rows are touched than it has."""
    await explained.fetch("select set_config('crm.tenant', 'other', false)")
    for text in ("example", "ample", "micheal"):
        answer, steps = await searched(explained, Question(text=text))
        assert answer.total > 0
        assert max(step["Actual Rows"] for step in steps) <= 2_000, text


async def test_the_page_after_a_place_is_the_same_search(explained: Explained) -> None:
    """A place far down costs no more than the first page, and the pages follow on one another."""
    first, _ = await searched(explained, Question(text="anna", first=500))
    place = first.hits[249].place
    second, steps = await searched(explained, Question(text="anna", first=250, after=place))
    assert [hit.place for hit in second.hits] == [hit.place for hit in first.hits[250:]]
    assert [step for step in steps if step["Node Type"] == "Seq Scan"] == []


async def test_there_are_as_many_as_promised(crowded: str) -> None:
    """The crowd is one."""
    connection = await asyncpg.connect(crowded)
    assert await connection.fetchval("select count(*) from search_entries where tenant = $1", TENANT) == SIZE
    await connection.close()
