"""What one operation may ask for is limited, on by default, over every transport."""

import json
from collections.abc import AsyncIterator

import pytest
from graphql import get_introspection_query

from read_api.graphql.limits import DEFAULT
from tests.support.api import Answer, Client

pytestmark = pytest.mark.asyncio(loop_scope="module")

ID = "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"


def nested(depth: int) -> str:
    """A query so many fields deep."""
    levels = depth - 3
    return f'{{ account(id: "{ID}") {"{ parent " * levels} {{ owner {{ id }} }} {"}" * levels} }}'


async def refused(api: Client, query: str) -> Answer:
    """The answer to a query that is too complex: status 400, one code, nothing executed."""
    answer = await api.ask(query)
    assert (answer.status, answer.codes) == (400, ["QUERY_TOO_COMPLEX"]), answer
    return answer


async def test_depth(api: Client) -> None:
    """A query at the limit is executed, one field deeper is refused; through fragments too."""
    assert (await api.ask(nested(DEFAULT.depth))).status == 200
    assert "12" in (await refused(api, nested(DEFAULT.depth + 1))).messages
    spread = f"query {{ ...F }} fragment F on Query {nested(DEFAULT.depth + 1)}"
    await refused(api, spread)


async def test_aliases(api: Client) -> None:
    """Aliases are counted, also those that fragments multiply."""
    fields = [f"a{number}: __typename" for number in range(DEFAULT.aliases + 1)]
    assert (await api.ask(f"{{ {' '.join(fields[:-1])} }}")).status == 200
    await refused(api, f"{{ {' '.join(fields)} }}")
    doubling = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60))
    await refused(api, f"{{ ...F0 }} {doubling} fragment F60 on Query {{ a: __typename }}")


async def test_repeats(api: Client) -> None:
    """One field selected over and over is refused before the checks whose time grows with the square of it."""
    await refused(api, f"{{ {'__typename ' * 1_000} }}")
    await refused(api, f"{{ {'... { deals { totalCount } } ' * 150} }}")


async def test_tokens(api: Client) -> None:
    """A long document is not read to its end."""
    await refused(api, f"{{ deals({'first: 1 ' * 1_000}) {{ totalCount }} }}")


async def test_nesting(api: Client) -> None:
    """Brackets in brackets are refused, not recursed into."""
    await refused(api, "{ deals(filter: " + "[" * 900 + "]" * 900 + ") { totalCount } }")


async def test_cost(api: Client) -> None:
    """Pages in pages multiply: what the answer may hold is bounded, page sizes in variables included."""
    query = (
        """query($n: Int!) { accounts(first: $n) { edges { node { deals(first: $n) { edges { node { id } } } } } } }"""
    )
    assert (await api.ask(query, {"n": 10})).status == 200
    answer = await api.ask(query, {"n": 1_000})
    assert (answer.status, answer.codes) == (400, ["QUERY_TOO_COMPLEX"])
    assert "smaller pages" in answer.messages
    assert (await api.ask(query, {"n": 10})).status == 200


@pytest.mark.parametrize("announced", [True, False])
async def test_body(api: Client, announced: bool) -> None:
    """A body over the limit is refused, whether it says its size or comes in pieces."""
    body = json.dumps({"query": "{ __typename }", "padding": "x" * DEFAULT.body}).encode()

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    headers = {"authorization": f"Bearer {api.token()}", "content-type": "application/json"}
    response = await api.http.post("/graphql", content=body if announced else pieces(), headers=headers)
    assert response.status_code == 413
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_the_standard_introspection_is_allowed(api: Client) -> None:
    """Tools may ask for the whole schema, which is deeper than other queries may be."""
    answer = await api.ask(get_introspection_query())
    assert answer.data["__schema"]["queryType"]["name"] == "Query"


async def test_limits_hold_over_a_websocket_too(api: Client) -> None:
    """The same refusal comes as the protocol's error message."""
    async with api.websocket() as socket:
        await socket.subscribe("1", nested(DEFAULT.depth + 1))
        message = await socket.receive()
    assert message["type"] == "error"
    assert message["payload"][0]["extensions"]["code"] == "QUERY_TOO_COMPLEX"
