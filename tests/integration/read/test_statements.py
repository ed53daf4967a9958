"""One operation is one SQL statement, and what clients send is never part of its text."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from read_api.compiler.engine import NotCompiled
from read_api.database import Database
from tests.support.read_corpus import CASES, Case
from tests.support.read_paths import BothPaths
from tests.support.read_tokens import filled

pytestmark = pytest.mark.asyncio(loop_scope="module")
COMPILED = [case for case in CASES if case.reason is None]


class Watched:
    """Both paths over one connection whose statements are written down."""

    def __init__(self, paths: BothPaths) -> None:
        self.paths = paths
        self.statements: list[str] = []

    def note(self, record: Any) -> None:
        """Called by the driver after each statement."""
        self.statements.append(record.query)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def watched(read_url: str) -> AsyncIterator[Watched]:
    """Both paths, watched."""
    database = await Database.connect(read_url, max_size=1)
    found = Watched(BothPaths(database))
    async with database._pool.acquire() as connection:
        connection.add_query_logger(found.note)
    yield found
    await database.close()


@pytest.mark.parametrize("case", COMPILED, ids=lambda case: case.name)
async def test_one_operation_is_one_statement(case: Case, watched: Watched, tokens: dict[str, str]) -> None:
    """Between the begin, which binds the tenant, and the end of the transaction there is exactly one statement."""
    watched.statements.clear()
    answer = await watched.paths.compiled(
        filled(case.query, tokens), filled(case.variables, tokens), tenant=case.tenant, name=case.operation
    )
    assert not isinstance(answer, NotCompiled)
    begin, statement, end = watched.statements
    assert begin.startswith("begin isolation level repeatable read read only; select set_config('crm.tenant', ")
    assert statement.startswith(("select ", "with "))
    assert end == "rollback"


async def test_the_reference_path_takes_more(watched: Watched, tokens: dict[str, str]) -> None:
    """The same watch does count the resolvers' statements."""
    watched.statements.clear()
    await watched.paths.reference(filled('{deal(id:"<deal>"){id owner{id} account{id}}}', tokens))
    assert len(watched.statements) > 4


async def test_values_are_parameters(watched: Watched, tokens: dict[str, str]) -> None:
    """Queries that differ in values, in the text or in variables, share their statement."""
    texts = set()
    for value in ("a", "x'; select 1 --", "$1", "{row}", '\\"', "||"):
        watched.statements.clear()
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        await watched.paths.compiled(f'{{deals(first:3,filter:{{nameContains:"{quoted}"}}){{totalCount}}}}')
        await watched.paths.compiled(
            "query($n:String){deals(first:3,filter:{nameContains:$n}){totalCount}}", {"n": value}
        )
        texts.update(watched.statements[1::3])
    assert len(texts) == 1


async def test_statements_are_made_once(watched: Watched) -> None:
    """The same operation with other spacing, and with other values of the same shape, is compiled once."""
    engine = watched.paths.engine
    operations, plans = len(engine._operations), len(engine._plans)
    query = "query Once($n:String){deals(first:4, filter:{nameContains:$n}){totalCount}}"
    for space in (" ", "\n", "\t "):
        for name in ("a", "b"):
            await watched.paths.compiled(query.replace(" filter", f"{space}filter"), {"n": name})
    assert (len(engine._operations), len(engine._plans)) == (operations + 1, plans + 1)
    await watched.paths.compiled(query, {"n": None})
    assert (len(engine._operations), len(engine._plans)) == (operations + 1, plans + 2)
