"""Reading requests."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from read_api.graphql.requests import BadRequest, GraphQLRequest, parse_request


def test_a_request_has_a_query_and_perhaps_more() -> None:
    """Names are as on the wire; what is not known is left alone."""
    found = parse_request('{"query": "{ a }", "variables": {"x": 1}, "operationName": "A", "extensions": {}, "id": 7}')
    assert (found.query, found.variables, found.operation_name) == ("{ a }", {"x": 1}, "A")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_a_bad_one(body: bytes) -> None:
    """Nothing else comes of them."""
    with suppress(BadRequest):
        assert isinstance(parse_request(body), GraphQLRequest)


@pytest.mark.parametrize("deep", ['{"a":' * 900 + "1" + "}" * 900, "[" * 900 + "]" * 900])
def test_deep_variables_do_no_harm(deep: str) -> None:
    """Within the limit of the JSON reader they are taken as they are."""
    assert parse_request(f'{{"query": "x", "variables": {{"v": {deep}}}}}').variables
