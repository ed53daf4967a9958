"""Nothing that a client sends brings a 5xx or a traceback: each refusal has a code and says what to do."""

import json
import logging
from typing import Any
from uuid import uuid4

import pytest

from tests.support.api import Client
from tests.support.api_commands import CHANGE_AMOUNT, OPEN, deal, pipeline, usd

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUERY = '{"query": "{ deals { totalCount } }"}'
ID = "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"


@pytest.fixture(autouse=True)
def nothing_is_logged_as_an_error(caplog: pytest.LogCaptureFixture) -> Any:
    """A traceback in the log is as bad as one in the answer."""
    caplog.set_level(logging.INFO)
    yield
    assert not [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"", 400, "not JSON"),
        (b"{", 400, "not JSON"),
        (b"\xff\xfe", 400, "UTF-8"),
        (b'{"query": "\xff"}', 400, "UTF-8"),
        (b'{"query": "{ deals(after: \\"\\ud800\\") { totalCount } }"}', 400, "not JSON"),
        (b"[" * 100_000, 400, "not JSON"),
        (b"null", 400, "Expected `object`"),
        (b"[" + QUERY.encode() + b"]", 400, "one by one"),
        (b'{"query": null}', 400, "$.query"),
        (b'{"variables": {}}', 400, "query"),
        (b'{"query": 1}', 400, "$.query"),
        (b'{"query": "", "variables": {}}', 400, "Syntax Error"),
        (b'{"query": "{ deals { totalCount } }", "variables": []}', 400, "$.variables"),
        (b'{"query": "{ deals { totalCount } }", "operationName": 7}', 400, "$.operationName"),
        (b'{"query": "{ deals { totalCount } }", "operationName": "Other"}', 400, "operationName"),
        (b'{"query": "query A { __typename } query B { __typename }"}', 400, "operationName"),
        (b'{"query": "fragment F on Query { __typename }"}', 400, ""),
        (b'{"query": "subscription { entityChanged(id: \\"x\\") { position } }"}', 400, "websocket"),
    ],
)
async def test_a_broken_request_is_refused(api: Client, body: bytes, status: int, says: str) -> None:
    """What is no GraphQL request answers 4xx with BAD_REQUEST and the reason."""
    answer = await api.send(body)
    assert (answer.status, answer.codes) == (status, ["BAD_REQUEST"])
    assert says in answer.messages


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
    ],
)
async def test_only_json_is_read(api: Client, content_type: str) -> None:
    """A content type that a foreign page may send without asking first is not accepted."""
    answer = await api.send(QUERY, content_type=content_type)
    assert (answer.status, answer.codes) == (415, ["BAD_REQUEST"])


async def test_a_compressed_body_is_refused(api: Client) -> None:
    """Bodies come as they are, so that their size is what it says."""
    answer = await api.send(QUERY, content_encoding="gzip")
    assert answer.status == 415


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_refused(api: Client, method: str) -> None:
    """405 names the methods that there are."""
    response = await api.http.request(method, "/graphql")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, POST")


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("{ nope }", "Cannot query field"),
        ("{ deal { id } }", "required"),
        ('{ deal(id: "x", nope: 1) { id } }', "Unknown argument"),
        ("{ deals(first: 1e400) { totalCount } }", "Int cannot represent"),
        ("{ deals(first: 99999999999999999999) { totalCount } }", "Int cannot represent"),
        ("{ deals(filter: { nope: 1 }) { totalCount } }", "unknown field 'nope'"),
        ("{ deals(filter: { status: NOPE }) { totalCount } }", "does not exist"),
        ('{ deals(filter: { amountMin: "1e3" }) { totalCount } }', "BigInt"),
        ('{ deals(filter: { openedFrom: "yesterday" }) { totalCount } }', "RFC 3339"),
        ('{ deals(asOf: { at: "0000-01-01T00:00:00Z" }) { totalCount } }', "RFC 3339"),
        ('{ deals(asOf: { at: "0001-01-01T00:00:00+23:59" }) { totalCount } }', "RFC 3339"),
        ('{ deals(asOf: { at: "9999-12-31T23:59:59-23:59" }) { totalCount } }', "RFC 3339"),
        ('{ deals(filter: { expectedCloseFrom: "0000-01-01" }) { totalCount } }', "YYYY-MM-DD"),
        ('{ deals(filter: { nameContains: "a\\u0000" }) { totalCount } }', "NUL"),
        ("mutation { winDeal(input: { id: 1, nope: 2 }) { version } }", "unknown field 'nope'"),
        ("mutation { loseDeal(input: { id: 1, reason: BAD }) { version } }", "does not exist"),
        ('mutation { openDeal(input: { name: "x" }) { version } }', "required"),
        ("query($x: Nope) { deals { totalCount } }", "Unknown type"),
        ("{ ...F } fragment F on Query { ...F }", "within itself"),
        ("{ deals { totalCount } ", "Syntax Error"),
        ("query @nope { __typename }", "Unknown directive"),
    ],
)
async def test_an_invalid_query_is_refused(api: Client, query: str, says: str) -> None:
    """Validation errors are BAD_REQUEST, status 400, and nothing is executed."""
    answer = await api.ask(query)
    assert answer.status == 400
    assert set(answer.codes) == {"BAD_REQUEST"}
    assert says in answer.messages


@pytest.mark.parametrize(
    ("declared", "value", "says"),
    [
        ("$v: ID!", {}, "to be provided"),
        ("$v: ID!", {"v": None}, "null"),
        ("$v: ID!", {"v": {"a": 1}}, "ID"),
        ("$v: ID!", {"v": "a\0b"}, "NUL"),
        ("$v: ID!", {"v": [[["a"]]]}, "ID"),
    ],
)
async def test_an_invalid_variable_is_refused(api: Client, declared: str, value: Any, says: str) -> None:
    """A variable that is no value of its type is BAD_REQUEST, status 400."""
    answer = await api.ask(f"query({declared}) {{ deal(id: $v) {{ id }} }}", value)
    assert (answer.status, answer.codes) == (400, ["BAD_REQUEST"])
    assert says in answer.messages


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ('{ deal(id: "x") { id } }', "BAD_REQUEST"),
        ('{ deal(id: "") { id } }', "BAD_REQUEST"),
        ("{ deal(id: 7) { id } }", "BAD_REQUEST"),
        (f'{{ deal(id: "{ID}") {{ id }} }}', "NOT_FOUND"),
        (f'{{ history(id: "{ID}") {{ totalCount }} }}', "NOT_FOUND"),
        ('{ history(id: "x") { totalCount } }', "BAD_REQUEST"),
        ("{ deals(first: -1) { totalCount } }", "BAD_REQUEST"),
        ("{ deals(first: 1001) { totalCount } }", "BAD_REQUEST"),
        ('{ deals(after: "garbage") { totalCount } }', "INVALID_CURSOR"),
        ('{ deals(after: "") { totalCount } }', "INVALID_CURSOR"),
        ('{ deals(asOf: { position: "99999999999" }) { totalCount } }', "BAD_REQUEST"),
        ('{ deals(asOf: { position: "-1" }) { totalCount } }', "BAD_REQUEST"),
        ('{ deals(asOf: { position: "1", at: "2017-01-01T00:00:00Z" }) { totalCount } }', "BAD_REQUEST"),
        ('{ deals(filter: { ownerId: "x" }) { totalCount } }', "BAD_REQUEST"),
    ],
)
async def test_a_query_that_cannot_be_meant_says_so(api: Client, query: str, code: str) -> None:
    """What is found out during execution answers 200 with a code, on whatever path."""
    answer = await api.ask(query)
    assert (answer.status, answer.codes) == (200, [code])


async def test_a_cursor_of_another_list_is_invalid(api: Client) -> None:
    """Cursors belong to one list, one order and, in a history, one entity."""
    opened = await deal(api)
    cursors = await api.ask(
        "query($id: ID!) { deals { pageInfo { endCursor } } history(id: $id) { pageInfo { endCursor } } }",
        {"id": opened["deal"]["id"]},
    )
    of_deals = cursors.data["deals"]["pageInfo"]["endCursor"]
    of_history = cursors.data["history"]["pageInfo"]["endCursor"]
    other = (await pipeline(api))["id"]
    history = "query($a: String, $id: ID!) { history(id: $id, after: $a) { totalCount } }"
    asked = [
        ("query($a: String) { users(after: $a) { totalCount } }", {"a": of_deals}),
        ("query($a: String) { deals(after: $a, sort: NAME_ASC) { totalCount } }", {"a": of_deals}),
        ("query($a: String) { deals(after: $a) { totalCount } }", {"a": of_history}),
        (history, {"a": of_history, "id": other}),
        (history, {"a": of_deals, "id": other}),
    ]
    for query, variables in asked:
        assert (await api.ask(query, variables)).codes == ["INVALID_CURSOR"], query


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"name": ""}, ["name"], "must not be empty"),
        ({"name": "   "}, ["name"], "must not be blank"),
        ({"name": "x" * 201}, ["name"], "at most 200 characters"),
        ({"name": "x" * 300_000}, ["name"], "at most 200 characters"),
        ({"amount": {"minor": "-1", "currency": "USD"}}, ["amount", "minor"], "must be at least 0"),
        ({"amount": {"minor": "9223372036854775807", "currency": "USD"}}, ["amount", "minor"], "must be at most"),
        ({"amount": {"minor": "1", "currency": "usd"}}, ["amount", "currency"], "ISO 4217"),
        ({"id": "not an id"}, ["id"], "must be a UUID"),
        ({"pipelineId": ""}, ["pipelineId"], "must be a UUID"),
        ({"accountId": "7"}, ["accountId"], "must be a UUID"),
    ],
)
async def test_a_field_that_cannot_be_accepted_is_named(
    api: Client, change: dict[str, Any], field: list[str], says: str
) -> None:
    """INVALID_INPUT with the path to the field and what it should hold; nothing was appended."""
    given = {"id": str(uuid4()), "name": "A", "pipelineId": ID, "amount": usd(1), **change}
    payload = (await api.ask(OPEN, {"input": given})).data["openDeal"]
    assert (payload["version"], payload["token"], payload["deal"]) == (None, None, None)
    (error,) = payload["userErrors"]
    assert (error["code"], error["field"]) == ("INVALID_INPUT", field)
    assert says in error["message"]


async def test_a_field_inside_a_list_is_named_with_its_index(api: Client) -> None:
    """The path leads through lists."""
    sent = """mutation { definePipeline(input: { name: "P", currency: "USD", stages: [
      { name: "A", probability: 10, category: OPEN }, { name: "B", probability: 101, category: WON }
    ] }) { userErrors { code field message } } }"""
    (error,) = (await api.ask(sent)).data["definePipeline"]["userErrors"]
    assert error["field"] == ["stages", "1", "probability"]


async def test_a_nullable_field_that_must_be_given_is_asked_for(api: Client) -> None:
    """Leaving the owner out is not the same as taking the owner away."""
    opened = await deal(api)
    sent = "mutation($id: ID!) { changeDealOwner(input: { id: $id }) { userErrors { code field message } } }"
    (error,) = (await api.ask(sent, {"id": opened["deal"]["id"]})).data["changeDealOwner"]["userErrors"]
    assert (error["code"], error["field"]) == ("INVALID_INPUT", ["ownerId"])
    assert "send null" in error["message"]


@pytest.mark.parametrize("key", ["", "x" * 201, "a\nb", "\u200b"])
async def test_an_idempotency_key_is_1_to_200_printable_characters(api: Client, key: str) -> None:
    """Anything else is BAD_REQUEST."""
    answer = await api.ask(CHANGE_AMOUNT, {"id": ID, "minor": "1", "key": key})
    assert answer.codes == ["BAD_REQUEST"]


async def test_nul_in_an_input_is_refused(api: Client) -> None:
    """PostgreSQL cannot store it, so it is refused wherever it stands."""
    given = {"name": "a\0b", "pipelineId": ID, "amount": usd(1)}
    answer = await api.ask(OPEN, {"input": given})
    assert (answer.status, answer.codes) == (400, ["BAD_REQUEST"])
    assert "NUL" in answer.messages


async def test_amounts_are_strings_of_digits_or_integers(api: Client) -> None:
    """A fraction, an exponent, and what is beyond 64 bits are no amounts."""
    for minor in (1.5, "1.5", "1e3", 2**70, "9" * 30, True, "", None, " 1"):
        given = {"id": str(uuid4()), "name": "A", "pipelineId": ID, "amount": {"minor": minor, "currency": "USD"}}
        answer = await api.ask(OPEN, {"input": given})
        assert (answer.status, answer.codes) == (400, ["BAD_REQUEST"]), minor


async def test_what_was_sent_is_not_sent_back_at_length(api: Client) -> None:
    """An error's message is bounded, whatever stands in the request."""
    answer = await api.send(json.dumps({"query": "{ " + "n" * 500_000 + " }"}))
    assert answer.status == 400
    assert len(answer.messages) < 5_000
