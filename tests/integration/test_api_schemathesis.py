"""Thousands of operations made from the schema: whatever they ask and send, none is answered with a 5xx."""

import logging
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import schemathesis
from graphql import IntValueNode, StringValueNode, Visitor, parse, print_ast, visit
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.graphql import nodes

from read_api.app import sdl
from read_api.errors import Code
from tests.support.api import Client
from tests.support.api_thread import Known, api_in_thread
from tests.support.servers import Servers

SEED = 20_170_630
CALLS = 3_000
NOW = datetime.now(UTC).replace(microsecond=0)
GOOD_INSTANTS = ["2017-06-30T00:00:00Z", "2026-11-21T12:00:00.5+01:00", "9999-12-31T23:59:59Z", f"{NOW:%FT%TZ}"]
INSTANTS = st.sampled_from([*GOOD_INSTANTS * 2, "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "x"])
DAYS = st.sampled_from(["2017-06-30", "0001-01-01", "9999-12-31", "2017-06-01", "0000-00-00"])
NUMBERS = st.one_of(st.integers(-(2**64), 2**64).map(str), st.sampled_from(["0", "100", "100000", "-", "NaN"]))
JSON = st.just("{}")
KNOWN_SHARE = 0.8
"""How many of the ids are of entities that exist, when an operation is sent for the second time."""

for scalar, values in {"DateTime": INSTANTS, "Date": DAYS, "BigInt": NUMBERS, "JSON": JSON}.items():
    schemathesis.graphql.scalar(scalar, values.map(nodes.String))


@pytest.fixture(scope="module")
def served(servers: Servers, module_redis_url: str) -> Iterator[tuple[Client, Known]]:
    """An API in a thread of its own, with a few entities of every kind."""
    with api_in_thread(servers, module_redis_url) as running:
        yield running


class _KnownIds(Visitor):
    """Puts ids that exist in the place of some that do not."""

    def __init__(self, known: Known, chance: random.Random) -> None:
        super().__init__()
        self._known = known
        self._chance = chance

    def enter_argument(self, node: Any, *_: Any) -> Any:
        """An argument ``id``."""
        return self._replaced(node)

    def enter_object_field(self, node: Any, *_: Any) -> Any:
        """A field ``id``, ``accountId``, ... of an input or a filter."""
        return self._replaced(node)

    def _replaced(self, node: Any) -> Any:
        is_id = node.name.value == "id" or node.name.value.endswith("Id")
        if is_id and isinstance(node.value, StringValueNode | IntValueNode) and self._chance.random() < KNOWN_SHARE:
            return replace(node, value=StringValueNode(value=self._chance.choice(self._known.ids)))
        return None


@pytest.mark.slow
def test_no_operation_is_answered_with_a_5xx(served: tuple[Client, Known], caplog: pytest.LogCaptureFixture) -> None:
    """Every answer is below 500, its errors with codes of ours, none of them a defect; and nothing is logged as one."""
    api, known = served
    caplog.set_level(logging.ERROR)
    found: Any = schemathesis.graphql.from_file(sdl()).get_all_operations()
    operations = [result.ok() for result in found]
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {api.token()}"
    seen: Counter[str] = Counter()

    def check(case: Any) -> None:
        for body in (case.body, print_ast(visit(parse(case.body), _KnownIds(known, random.Random(case.body))))):
            send(body)

    def send(body: str) -> None:
        response = session.post(f"http://127.0.0.1:{api.port}/graphql", json={"query": body}, timeout=60)
        assert response.status_code < 500, f"{body}\n{response.text}"
        codes = [error["extensions"]["code"] for error in response.json().get("errors", ())]
        assert set(codes) <= set(Code) - {Code.INTERNAL, Code.UNAVAILABLE}, f"{body}\n{response.text}"
        seen[str(response.status_code)] += 1
        seen.update(set(codes) or {"answered"})

    for operation in operations:
        _explore(operation, check, examples=CALLS // len(operations) // 2 + 1)
    assert seen["200"] + seen["400"] >= CALLS, seen
    assert min(seen[code] for code in ("answered", "BAD_REQUEST", "NOT_FOUND")) > 20, seen
    assert not [record.getMessage() for record in caplog.records]


def _explore(operation: Any, check: Any, *, examples: int) -> None:
    exploring = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    seed(SEED)(exploring(given(case=operation.as_strategy())(check)))()
