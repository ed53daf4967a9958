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
        "lead(id: ID!, asOf: AsOf, readAfter: String): Lead",
        "leads(first: Int = 50, after: String, filter: LeadFilter, sort: LeadSort, asOf: AsOf, readAfter: String)",
        "contact(id: ID!, asOf: AsOf, readAfter: String): Contact",
        "activity(id: ID!, asOf: AsOf, readAfter: String): Activity",
        "funnel(asOf: AsOf, groupBy: [FunnelDimension!] = [], readAfter: String): Funnel!",
        "captureLead(input: CaptureLeadInput!, idempotencyKey: String, expectedVersion: Int, occurredAt: DateTime)",
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
