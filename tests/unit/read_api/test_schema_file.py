"""The committed schema is the one that is served."""

from pathlib import Path

import pytest

from read_api.app import sdl

COMMITTED = Path(__file__).parents[3] / "schema.graphql"


@pytest.mark.source_tree
def test_the_schema_has_not_drifted() -> None:
    """A change of the API shows in schema.graphql: `crm schema graphql > schema.graphql` renews it."""
    assert COMMITTED.read_text() == sdl()


@pytest.mark.parametrize(
    "line",
    [
        "deal(id: ID!, asOf: AsOf, readAfter: String): Deal",
        "history(id: ID!, first: Int = 50, after: String): HistoryConnection!",
        "openDeal(input: OpenDealInput!, idempotencyKey: String, expectedVersion: Int, occurredAt: DateTime)",
        "entityChanged(id: ID!, from: String): EntityChange!",
        "field: [String!]\n",
        "type Money {\n  minor: BigInt!\n  currency: String!\n}",
    ],
)
def test_the_promised_names_are_there(line: str) -> None:
    """What clients were promised, word for word."""
    assert line in sdl()
