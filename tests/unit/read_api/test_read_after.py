"""Which consistency tokens an operation waits for."""

from typing import Any

import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode, parse

from read_api.graphql.read_after import asks_as_of, read_after_of


@pytest.mark.parametrize(
    ("text", "variables", "tokens"),
    [
        ("{ deals { totalCount } }", {}, set()),
        ('{ deals(readAfter: "a") { totalCount } }', {}, {"a"}),
        ('{ x: deals(readAfter: "a") { totalCount } y: deal(id: 1, readAfter: "b") { id } }', {}, {"a", "b"}),
        ('{ x: deals(readAfter: "a") { totalCount } y: deals(readAfter: "a") { totalCount } }', {}, {"a"}),
        ("query($t: String) { deals(readAfter: $t) { totalCount } }", {"t": "a"}, {"a"}),
        ("query($t: String) { deals(readAfter: $t) { totalCount } }", {"t": None}, set()),
        ("query($t: String) { deals(readAfter: $t) { totalCount } }", {}, set()),
        ("query($t: String) { deals(readAfter: $t) { totalCount } }", {"t": ["a"]}, set()),
        ('query($t: String = "d") { deals(readAfter: $t) { totalCount } }', {}, {"d"}),
        ('query($t: String = "d") { deals(readAfter: $t) { totalCount } }', {"t": "a"}, {"a"}),
        ('{ ...F } fragment F on Query { ... { deals(readAfter: "a") { totalCount } } }', {}, {"a"}),
        ('{ deal(id: 1) { deals(readAfter: "not a root field") { totalCount } } }', {}, set()),
        ("{ deals(readAfter: null) { totalCount } }", {}, set()),
    ],
)
def test_the_tokens_of_root_fields_are_found(text: str, variables: dict[str, Any], tokens: set[str]) -> None:
    """Literals, variables and defaults, through fragments, each once."""
    document = parse(text)
    operation = next(each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    found = read_after_of(operation, fragments)(variables)
    assert set(found) == tokens
    assert len(found) == len(tokens)


@pytest.mark.parametrize(
    ("text", "variables", "asked"),
    [
        ("{ deals { totalCount } }", {}, False),
        ('{ deals(asOf: { position: "1" }) { totalCount } }', {}, True),
        ("{ deals(asOf: null) { totalCount } }", {}, False),
        ("query($m: AsOf) { deals(asOf: $m) { totalCount } }", {"m": {"position": "1"}}, True),
        ("query($m: AsOf) { deals(asOf: $m) { totalCount } }", {"m": None}, False),
        ("query($m: AsOf) { deals(asOf: $m) { totalCount } }", {}, False),
        ('query($m: AsOf = { position: "1" }) { deals(asOf: $m) { totalCount } }', {}, True),
        ('query($m: AsOf = { position: "1" }) { deals(asOf: $m) { totalCount } }', {"m": None}, False),
        ("query($m: AsOf = null) { deals(asOf: $m) { totalCount } }", {}, False),
        ("query($p: String) { deals(asOf: { position: $p }) { totalCount } }", {"p": "1"}, True),
        (
            '{ x: lead(id: 1) { id } ...F } fragment F on Query { ... { deals(asOf: { position: "1" }) { id } } }',
            {},
            True,
        ),
    ],
)
def test_whether_a_root_field_is_asked_as_of_a_moment(text: str, variables: dict[str, Any], asked: bool) -> None:
    """What says no moment is asked now: the lanes of what was written are enough for it."""
    document = parse(text)
    operation = next(each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    assert asks_as_of(operation, fragments)(variables) is asked
