"""How depth, aliases, repeats and cost of a document are counted."""

import pytest
from graphql import build_schema

from read_api.errors import Code
from read_api.graphql.documents import Document, Documents
from read_api.graphql.limits import Limits

SCHEMA = build_schema("""
input Given { id: ID! }
type Mutation { convertDeals(inputs: [Given!]!): [Deal!]! }
type Query { deals(first: Int = 50): DealConnection!  deal(id: ID!): Deal  name: String }
type DealConnection { edges: [DealEdge!]!  totalCount: Int! }
type DealEdge { node: Deal! }
type Deal { id: ID!  account: Account  stays: [Stay!]! }
type Stay { id: ID! }
type Account { id: ID!  parent: Account  deals(first: Int = 10): DealConnection! }
""")


def checked(text: str, **limits: int) -> Document:
    """The document under these limits."""
    return Documents(SCHEMA, Limits(**limits)).get(text)


def codes(document: Document) -> list[str]:
    """The codes of its errors."""
    return [(error.extensions or {})["code"] for error in document.errors]


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        ("{ name }", 1),
        ("{ deal(id: 1) { id } }", 2),
        ("{ deal(id: 1) { ... { ... on Deal { account { id } } } } }", 3),
        ("{ deal(id: 1) { ...F } } fragment F on Deal { account { ...G } } fragment G on Account { parent { id } }", 4),
        ("query A { name } query B { deal(id: 1) { account { id } } }", 3),
        ("{ __schema { types { fields { type { ofType { ofType { name } } } } } } }", 0),
    ],
)
def test_depth_is_counted_through_fragments(text: str, depth: int) -> None:
    """A document is accepted at its depth and refused below it; introspection does not count."""
    assert not checked(text, depth=depth).errors
    if depth:
        assert codes(checked(text, depth=depth - 1)) == [Code.QUERY_TOO_COMPLEX]


@pytest.mark.parametrize(
    ("text", "aliases"),
    [
        ("{ a: name b: name name }", 2),
        ("{ ...F ...F ...F } fragment F on Query { a: name }", 3),
        ("{ a: deal(id: 1) { b: id ... { c: id } } }", 3),
    ],
)
def test_aliases_are_counted_as_often_as_they_are_spread(text: str, aliases: int) -> None:
    """A fragment does not hide what it holds."""
    assert not checked(text, aliases=aliases).errors
    assert codes(checked(text, aliases=aliases - 1)) == [Code.QUERY_TOO_COMPLEX]


def test_a_cycle_of_fragments_ends() -> None:
    """It is refused by the standard rules, after the counting that must not go round for ever."""
    assert codes(checked("{ ...F } fragment F on Query { ...G } fragment G on Query { ...F }")) == [Code.BAD_REQUEST]


@pytest.mark.parametrize(
    ("text", "variables", "cost"),
    [
        ("{ name }", {}, 0),
        ("{ deal(id: 1) { id } }", {}, 1),
        ("{ deals { totalCount } }", {}, 50),
        ("{ deals(first: 2) { edges { node { account { id } } } } }", {}, 2 * 4),
        ("{ deals(first: 0) { edges { node { id } } } }", {}, 3),
        ("{ deals(first: 5000) { totalCount } }", {}, 1_000),
        ("{ deal(id: 1) { stays { id } } }", {}, 1 + 10),
        ("{ deals(first: 3) { edges { node { account { deals { totalCount } } } } } }", {}, 3 * (4 + 50)),
        ("query($n: Int) { deals(first: $n) { totalCount } }", {"n": 7}, 7),
        ("query($n: Int = 9) { deals(first: $n) { totalCount } }", {}, 9),
        ("query($n: Int) { deals(first: $n) { totalCount } }", {"n": "garbage"}, 50),
        ("{ ...F ...F } fragment F on Query { deal(id: 1) { id } }", {}, 2),
        ('mutation { convertDeals(inputs: [{id: "1"}]) { account { id } } }', {}, 500 * 2),
    ],
)
def test_cost_counts_objects_page_by_page(text: str, variables: dict[str, object], cost: int) -> None:
    """What has fields counts one, times the pages around it; variables count with their values."""
    operation = checked(text).operation(None)
    assert operation.cost(variables) == cost
    assert operation.cost(variables) == cost


def test_the_cost_of_other_variables_is_another() -> None:
    """What is remembered of a document is remembered by its page sizes."""
    operation = checked("query($n: Int) { deals(first: $n) { totalCount } }").operation(None)
    assert [operation.cost({"n": n}) for n in (1, 2, 1, 3)] == [1, 2, 1, 3]


def test_a_document_is_checked_once() -> None:
    """The same text is the same document; a very long one is not kept."""
    documents = Documents(SCHEMA, Limits(), size=25)
    first = documents.get("{ name }")
    assert documents.get("{ name }") is first
    padded = "{ name }" + " " * 30_000
    assert documents.get(padded) is not documents.get(padded)
    for number in range(2):
        documents.get(f"{{ a{number}: name }}")
    assert documents.get("{ name }") is not first


@pytest.mark.parametrize("text", ['{ deal(id: "\\u0000") { id } }', '{ deal(id: """\\u0000""") { id } }', "{ \0 }"])
def test_nul_never_reaches_a_resolver(text: str) -> None:
    """A literal that holds NUL is refused, or is not NUL at all."""
    document = checked(text)
    assert document.errors or "\0" not in text
