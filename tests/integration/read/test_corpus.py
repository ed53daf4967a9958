"""Fixed queries: both paths answer byte for byte the same, and each takes the path that it must."""

import pytest

from read_api.compiler.engine import NotCompiled
from tests.support.read_corpus import CASES, Case
from tests.support.read_paths import BothPaths
from tests.support.read_tokens import filled

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_both_paths_answer_the_same(case: Case, paths: BothPaths, tokens: dict[str, str]) -> None:
    """A query that can be compiled is, and answers what the resolvers answer."""
    query, variables = filled(case.query, tokens), filled(case.variables, tokens)
    assert paths.is_valid(query), query
    compiled = await paths.compiled(query, variables, tenant=case.tenant, name=case.operation)
    if case.reason is not None:
        assert compiled == NotCompiled(case.reason)
        return
    assert compiled == await paths.reference(query, variables, tenant=case.tenant, name=case.operation)


async def test_there_are_enough(paths: BothPaths) -> None:
    """At least a hundred fixed queries are compiled."""
    assert sum(case.reason is None for case in CASES) >= 100


@pytest.mark.parametrize(
    "case", [case for case in CASES if "of another tenant" in case.name], ids=lambda case: case.name
)
async def test_another_tenants_ids_are_not_there(case: Case, paths: BothPaths, tokens: dict[str, str]) -> None:
    """Through every root that takes an id, another tenant's entity is NOT_FOUND."""
    answer = await paths.reference(filled(case.query, tokens))
    assert b'"code":"NOT_FOUND"' in answer
    assert b'"name"' not in answer
