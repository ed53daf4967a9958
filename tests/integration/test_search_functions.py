"""The functions that search past row security: whoever calls them, however, reaches the rows of one tenant."""

from collections.abc import AsyncIterator
from importlib.resources import files
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from projections.views.search_entries import WORD_COLUMNS
from read_api.database import Database
from read_api.postgres_search import PostgresSearch
from read_api.search import Question
from tests.support.databases import fresh_database, migrated_template
from tests.support.events import DEMO
from tests.support.search_crowd import fill

pytestmark = pytest.mark.asyncio(loop_scope="module")

MATCHING = "select * from search_matching($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9, $10, $11)"
NEAR = "select * from search_words_near($1, $2, $3)"
HEAD = 2**62
FUNCTIONS = ("search_matching", "search_words_near")
SCRIPT = files("projections.migrations").joinpath("0004_search.sql")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url(postgres_url: str) -> AsyncIterator[str]:
    """A database with a few hundred entities of the tenants demo and other each, under ids that tell them apart."""
    async with fresh_database(postgres_url, template=await migrated_template(postgres_url)) as found:
        await fill(found, tenant="demo", size=300, seed=1)
        await fill(found, tenant="other", size=300, seed=2, first_id=10_000)
        yield found


@pytest_asyncio.fixture(loop_scope="module")
async def api(url: str) -> AsyncIterator[Any]:
    """A connection of the API's role that belongs to no tenant yet."""
    connection = await asyncpg.connect(url, server_settings={"role": "crm_api"})
    yield connection
    await connection.close()


async def become(connection: Any, tenant: str) -> None:
    """Bind the connection to a tenant."""
    await connection.execute("select set_config('crm.tenant', $1, false)", tenant)


def arguments(**given: Any) -> list[Any]:
    """Of search_matching: nothing asked, of whatever kind, but for what is given."""
    usual: dict[str, Any] = {"phrase": "", "asked": [], "spelled": [], "pieces": [], "number": None, "near": None}
    usual |= {"kinds": None, "owner": None, "stage": None, "until": HEAD, "wanted": 10_000}
    return list((usual | given).values())


EVERYTHING = (
    arguments(phrase="a"),
    arguments(asked=["example"], spelled=["example"]),
    arguments(pieces=["example.com"]),
    arguments(number="555"),
    arguments(asked=["ample"], spelled=["ample"], near="{}"),
    arguments(asked=["micheal"], spelled=["micheal"], near='{"micheal": ["michael", "anna"]}'),
)


async def ids(connection: Any, sent: list[Any]) -> set[int]:
    """Of what is found."""
    return {row["id"].int for row in await connection.fetch(MATCHING, *sent)}


async def test_without_a_tenant_nothing_is_found(api: Any) -> None:
    """No setting, no rows; nor with an empty one, nor with a tenant that there is not."""
    for tenant in (None, "", "nobody", "demo' or true", "%"):
        if tenant is not None:
            await become(api, tenant)
        for sent in EVERYTHING:
            assert await ids(api, sent) == set()
        assert await api.fetch(NEAR, ["anna"], ["anna"], 100) == []


async def test_each_tenant_finds_its_own(api: Any) -> None:
    """By every way to be found there is something to find in both tenants, and none of it is the other's."""
    words: dict[str, set[str]] = {}
    for tenant, first in (("demo", 1), ("other", 10_000)):
        await become(api, tenant)
        for sent in EVERYTHING:
            found = await ids(api, sent)
            assert found, sent
            assert found <= set(range(first, first + 300)), sent
        words[tenant] = {row["word"] for row in await api.fetch(NEAR, ["smith"], ["smith"], 1_000)}
    assert words["demo"] - words["other"]
    assert words["other"] - words["demo"]


SIGNS = [
    "'",
    "''",
    '"',
    "\\",
    "%",
    "_",
    "/",
    "other/",
    "other/k=lead",
    "k=",
    "o=",
    " | ",
    " & ",
    "!",
    "(",
    ")",
    ":*",
    "<->",
]
SIGNS += ["", " ", "a", "example", "\u202e", "é", "🚀", "$1", "--", ";", "{", "}", "NULL", "x" * 5_000]


def hostile(random: Random) -> list[Any]:
    """Arguments that nobody means well with."""

    def text() -> str:
        return "".join(random.choices(SIGNS, k=random.randrange(5)))

    def texts() -> list[str | None]:
        return [random.choice((text(), text(), None)) for _ in range(random.randrange(12))]

    asked = texts()
    near = {word: [text() for _ in range(3)] for word in asked if word}
    return arguments(
        phrase=random.choice((text(), None)),
        asked=random.choice((asked, None)),
        spelled=random.choice((asked, texts(), None)),
        pieces=random.choice((texts(), [], None)),
        number=random.choice((text(), None)),
        near=random.choice((None, "{}", "[]", "null", msgspec.json.encode(near).decode())),
        kinds=random.choice((None, None, [], texts())),
        owner=random.choice((None, None, UUID(int=1))),
        until=random.choice((HEAD, HEAD, None, -1)),
        wanted=random.choice((None, -1, 0, 5, 2**31 - 1)),
    )


@pytest.mark.parametrize("seed", range(5))
async def test_no_argument_reaches_beyond_the_tenant(api: Any, seed: int) -> None:
    """Whatever is sent is a word, a piece or a number to be found, and no error; more than the most is never found."""
    random = Random(seed)
    await become(api, "demo")
    for _ in range(100):
        sent = hostile(random)
        assert await ids(api, sent) <= set(range(1, 301)), sent
        assert len(await api.fetch(NEAR, sent[1], sent[2], sent[-1])) <= 8_000


async def test_a_filter_that_names_nothing_finds_nothing(api: Any) -> None:
    """No kinds, or kinds that there are not, are not as good as all."""
    await become(api, "demo")
    for kinds in ([], ["nothing"], ["lead') | ('"], ["lead' | 'demo/k=deal"], ["other/k=lead"], [""], [None]):
        assert await ids(api, arguments(phrase="a", kinds=kinds)) == set(), kinds


async def test_no_temporary_table_takes_a_table_s_place(api: Any) -> None:
    """What the caller puts into the way is not looked at."""
    await become(api, "demo")
    before = await ids(api, EVERYTHING[1])
    await api.execute("create temporary table search_entries (like public.search_entries including generated)")
    await api.execute("create temporary table search_words (like public.search_words)")
    await api.execute("insert into pg_temp.search_words values ('demo', 'annab', 'annab')")
    assert await ids(api, EVERYTHING[1]) == before != set()
    assert "annab" not in {row["word"] for row in await api.fetch(NEAR, ["anna"], ["anna"], 1_000)}


async def test_only_the_api_may_search(url: str) -> None:
    """The functions belong to a role that nobody can be, which may read what is searched and do nothing else."""
    connection = await asyncpg.connect(url)
    functions = await connection.fetch(
        "select p.oid::regprocedure::text as name, r.rolname, r.rolcanlogin, r.rolsuper, r.rolbypassrls, p.prosecdef,"
        " p.proconfig from pg_proc p join pg_roles r on r.oid = p.proowner where p.proname = any ($1)",
        FUNCTIONS,
    )
    assert len(functions) == len(FUNCTIONS)
    for each in functions:
        assert (each["rolname"], each["rolcanlogin"], each["rolsuper"], each["rolbypassrls"], each["prosecdef"]) == (
            *("crm_search_reader", False, False, False),
            True,
        )
        assert "search_path=pg_catalog, public, pg_temp" in each["proconfig"]
        may = "select rolname from pg_roles where rolname like 'crm\\_%' and has_function_privilege(oid, $1, 'execute')"
        allowed = {row["rolname"] for row in await connection.fetch(may, each["name"])}
        assert allowed - {"crm_owner", "crm_search_reader"} == {"crm_api"}
    reading = (
        "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
        " and has_table_privilege($1, oid, $2)"
    )
    tables = {row[0] for row in await connection.fetch(reading, "crm_search_reader", "select")}
    assert tables == {"search_entries", "search_words"}
    assert await connection.fetch(reading, "crm_search_reader", "insert,update,delete,truncate") == []
    assert not await connection.fetchval("select has_schema_privilege('crm_search_reader', 'public', 'create')")
    await connection.close()


async def test_more_than_is_looked_at_is_said(url: str) -> None:
    """Total and pages are then of what was looked at, to its end."""
    database = await Database.connect(url)
    async with database.transaction(DEMO) as transaction:
        search = PostgresSearch(transaction, looked_at=7)
        answer = await search.find(Question(text="example", first=5))
        assert (answer.total, answer.capped, len(answer.hits), answer.has_more) == (7, True, 5, True)
        assert sum(each.count for each in answer.kinds) == 7
        rest = await search.find(Question(text="example", first=5, after=answer.hits[-1].place))
        assert (len(rest.hits), rest.has_more) == (2, False)
        everything = await PostgresSearch(transaction, looked_at=1_000).find(Question(text="example"))
        assert not everything.capped
        assert everything.total > 7
    await database.close()


async def test_a_server_without_the_extensions_is_told_so(database: str) -> None:
    """Before anything is made, and with what to do about it."""
    script = SCRIPT.read_text(encoding="utf-8").replace("'pg_trgm', 'btree_gin'", "'pg_trgm', 'no_such_extension'")
    connection = await asyncpg.connect(database)
    with pytest.raises(asyncpg.FeatureNotSupportedError, match=r"no_such_extension, which this server") as caught:
        await connection.execute(script)
    assert "contrib" in str(caught.value.hint)
    await connection.close()


async def test_the_words_are_all_key() -> None:
    """Else a word that comes again would write its row again."""
    assert f"primary key ({', '.join(WORD_COLUMNS)})" in SCRIPT.read_text(encoding="utf-8")
