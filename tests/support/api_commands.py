"""Commands as clients of the API send them, for tests that need some data."""

from typing import Any
from uuid import uuid4

from tests.support.api import Client

STAGES = [
    {"name": "New", "probability": 10, "category": "OPEN"},
    {"name": "Talking", "probability": 50, "category": "OPEN"},
    {"name": "Won", "probability": 100, "category": "WON"},
    {"name": "Lost", "probability": 0, "category": "LOST"},
]
DEFINE = """
mutation($input: DefinePipelineInput!) {
  definePipeline(input: $input) { userErrors { code field message } pipeline { id stages { id name } } }
}"""
OPEN = """
mutation($input: OpenDealInput!, $key: String, $version: Int, $at: DateTime) {
  openDeal(input: $input, idempotencyKey: $key, expectedVersion: $version, occurredAt: $at) {
    version token userErrors { code field message } deal { id name status amount { minor currency } version }
  }
}"""
CHANGE_AMOUNT = """
mutation($id: ID!, $minor: BigInt!, $key: String, $version: Int, $at: DateTime) {
  changeDealAmount(
    input: { id: $id, amount: { minor: $minor, currency: "USD" } }
    idempotencyKey: $key, expectedVersion: $version, occurredAt: $at
  ) { version token userErrors { code field message } deal { amount { minor } version } }
}"""


def usd(minor: int) -> dict[str, str]:
    """An amount."""
    return {"minor": str(minor), "currency": "USD"}


async def pipeline(api: Client, *, tenant: str = "demo") -> dict[str, Any]:
    """A new pipeline: its id, and its stages by name."""
    asked = await api.ask(DEFINE, {"input": {"name": "Sales", "currency": "USD", "stages": STAGES}}, tenant=tenant)
    made = asked.data["definePipeline"]["pipeline"]
    return {"id": made["id"], **{stage["name"]: stage["id"] for stage in made["stages"]}}


async def deal(api: Client, *, tenant: str = "demo", name: str = "A deal", minor: int = 100) -> dict[str, Any]:
    """A new deal in a new pipeline: the payload of openDeal."""
    sales = await pipeline(api, tenant=tenant)
    given = {"id": str(uuid4()), "name": name, "pipelineId": sales["id"], "amount": usd(minor)}
    answer = await api.ask(OPEN, {"input": given}, tenant=tenant)
    opened: dict[str, Any] = answer.data["openDeal"]
    assert not opened["userErrors"], opened
    return opened
