"""Random queries over the whole schema: what is compiled answers byte for byte what the resolvers answer."""

import random
import sys
from collections import Counter

import pytest

from read_api.compiler.engine import NotCompiled
from read_api.compiler.errors import Reason
from tests.support.read_paths import BothPaths
from tests.support.read_queries import QueryWriter
from tests.support.read_story import Past
from tests.support.read_world import World, world_of

BATCHES = 10
QUERIES = 500

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.slow,
    pytest.mark.usefixtures("dropped_coroutines"),
]


@pytest.mark.parametrize("seed", range(BATCHES))
async def test_random_queries(seed: int, paths: BothPaths, past: Past, capsys: pytest.CaptureFixture[str]) -> None:
    """Both paths agree; only what has a resolver of its own, or will be answered with an error, is not compiled."""
    rng = random.Random(seed)
    world = world_of(past, "demo", rng)
    seen: Counter[str] = Counter()
    for _ in range(QUERIES):
        await _compare(paths, world, rng, seen)
    with capsys.disabled():
        sys.stdout.write(f"\nrandom queries, seed {seed}: {dict(sorted(seen.items()))}\n")
    valid = QUERIES - seen["invalid"] - seen[Reason.RESOLVER.value]
    assert seen["compiled"] >= 0.88 * valid
    assert seen["needless"] <= 0.01 * valid
    assert seen["compiled with errors"] > 0


async def _compare(paths: BothPaths, world: World, rng: random.Random, seen: Counter[str]) -> None:
    writer = QueryWriter(paths.schema._schema, world, rng)
    query, tenant = writer.operation(), rng.choice(("demo", "demo", "demo", "demo", "other"))
    if not paths.is_valid(query):
        seen["invalid"] += 1
        return
    compiled = await paths.compiled(query, writer.variables, tenant=tenant)
    if compiled == NotCompiled(Reason.RESOLVER):
        seen[Reason.RESOLVER.value] += 1
        return
    reference = await paths.reference(query, writer.variables, tenant=tenant)
    has_errors = b'"errors":[' in reference
    if isinstance(compiled, NotCompiled):
        seen[compiled.reason.value] += 1
        seen["needless"] += not has_errors
        return
    assert compiled == reference, f"{query}\n{writer.variables}"
    seen["compiled"] += 1
    seen["compiled with errors"] += has_errors
    world.harvest(compiled)
