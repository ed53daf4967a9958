"""A day of a sales team, through GraphQL alone: from leads to a won deal, found by search, told as of noon."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.support.platform import Platform

pytestmark = pytest.mark.slow

Send = Callable[..., dict[str, Any]]
PEOPLE = (
    ("Ada Lovelace", "ada@analytical.example", "+44 20 7946 0018", "Analytical Engines"),
    ("Grace Hopper", "grace@cobol.example", "+1 202 555 0143", "Cobol Systems"),
    ("Zoë Quinn-Ångström", "zoe@nord.example", "+46 8 123 456 78", "Nord"),
)


@pytest.fixture(scope="module")
def admin(platform: Platform) -> str:
    """The token of an admin of a tenant of its own."""
    return platform.token(role="admin", tenant="day")


@pytest.fixture
def send(platform: Platform, admin: str) -> Send:
    """Send a command by its mutation's name; the payload, which must have no userErrors."""

    def sent(name: str, /, *, show: str = "", **fields: Any) -> dict[str, Any]:
        kind = name[0].upper() + name[1:]
        query = (
            f"mutation($input: {kind}Input!, $key: String!)"
            f"{{ {name}(input: $input, idempotencyKey: $key) {{ {show} token userErrors {{ code message }} }} }}"
        )
        payload = platform.graphql(query, {"input": fields, "key": str(uuid4())}, token=admin)[name]
        assert payload["userErrors"] == [], payload
        return dict(payload)

    return sent


def test_a_day(platform: Platform, admin: str, send: Send) -> None:
    """Leads come in, are worked, and one becomes a customer who buys; everything can be found and asked again."""

    def ask(query: str, **variables: Any) -> dict[str, Any]:
        return platform.graphql(query, variables, token=admin)

    # morning: the team, its pipeline, and the leads of the fair
    team = send("createTeam", show="team { id }", name="North")["team"]["id"]
    rep = send("createUser", show="user { id }", name="Rep")["user"]["id"]
    send("joinTeam", id=rep, teamId=team)
    product = send("listProduct", show="product { id }", name="GTX", series="GTX", price=usd(50_000))["product"]["id"]
    stages = [
        {"name": "Talking", "probability": 20, "category": "OPEN"},
        {"name": "Offer", "probability": 60, "category": "OPEN"},
        {"name": "Won", "probability": 100, "category": "WON"},
        {"name": "Lost", "probability": 0, "category": "LOST"},
    ]
    pipeline = send(
        "definePipeline", show="pipeline { id stages { id name } }", name="Sales", currency="USD", stages=stages
    )["pipeline"]
    offer = next(stage["id"] for stage in pipeline["stages"] if stage["name"] == "Offer")
    leads = [
        send("captureLead", show="lead { id }", name=n, email=e, phone=p, company=c, source="Fair")["lead"]["id"]
        for n, e, p, c in PEOPLE
    ]
    lead = leads[0]

    # the work
    send("assignLeadOwner", id=lead, ownerId=rep)
    send("scoreLead", id=lead, score=83, model="fit-1", reasons=["asked for a quote"])
    about = [{"kind": "LEAD", "id": lead}]
    send(
        "logActivity", kind="CALL", subject="First call", body="She wants ten.", related=about, ownerId=rep, minutes=15
    )
    due = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    task = send(
        "scheduleActivity",
        show="activity { id }",
        kind="TASK",
        subject="Send offer",
        related=about,
        ownerId=rep,
        dueAt=due,
    )["activity"]["id"]
    agenda = ask("query($u: ID!) { agenda(ownerId: $u) { edges { node { id overdue } } } }", u=rep)["agenda"]
    assert [edge["node"] for edge in agenda["edges"]] == [{"id": task, "overdue": False}]
    send("completeActivity", id=task, outcome="Sent by mail")
    send("qualifyLead", id=lead)
    noon = datetime.now(UTC).isoformat()

    # afternoon: the lead becomes account, contact and deal
    converted = send(
        "convertLead",
        id=lead,
        newAccount=True,
        newContact=True,
        newDeal={"name": "Ten GTX", "pipelineId": pipeline["id"], "amount": usd(400_000)},
    )
    done = wait_for_conversion(ask, lead, converted["token"])
    account, contact, deal = done["account"]["id"], done["contact"]["id"], done["deal"]["id"]
    assert done["account"]["name"] == "Analytical Engines"
    assert done["contact"]["email"] == "ada@analytical.example"
    items = [{"productId": product, "quantity": 10, "unitPrice": usd(50_000), "discount": 1000}]
    send("setDealLineItems", id=deal, items=items)
    send("changeDealStage", id=deal, stageId=offer)
    won = send("winDeal", show="deal { status amount { minor } account { id } }", id=deal)
    assert won["deal"] == {"status": "WON", "amount": {"minor": "450000"}, "account": {"id": account}}

    # evening: everything is found, and told
    hits = "query($t: String!, $r: String) { search(text: $t, readAfter: $r) { edges { node { kind id } } } }"
    for text, entity in (("analytic", account), ("Ada Lovlace", contact), ("7946 0018", contact), ("ten gtx", deal)):
        found = ask(hits, t=text, r=won["token"])["search"]["edges"]
        assert entity in {edge["node"]["id"] for edge in found}, text
    zoe = ask(hits, t="angstrom", r=None)["search"]["edges"]
    assert leads[2] in {edge["node"]["id"] for edge in zoe}
    told = ask(
        "query($id: ID!, $r: String)"
        "{ account(id: $id, readAfter: $r) { timeline(first: 50) { edges { node { type } } } } }",
        id=account,
        r=won["token"],
    )["account"]["timeline"]["edges"]
    assert {"account.opened", "contact.account_linked", "deal.opened", "deal.won"} <= {e["node"]["type"] for e in told}

    # and as of noon the lead was still a lead
    at_noon = ask(
        "query($id: ID!, $at: DateTime!)"
        "{ lead(id: $id, asOf: {at: $at, clock: OCCURRED}) { status score owner { name } convertedAt } }",
        id=lead,
        at=noon,
    )["lead"]
    assert at_noon == {"status": "QUALIFIED", "score": 83, "owner": {"name": "Rep"}, "convertedAt": None}
    funnel = ask("{ funnel(groupBy: [SOURCE]) { groups { key figures { captured qualified converted } } } }")["funnel"]
    assert funnel["groups"] == [{"key": ["Fair"], "figures": {"captured": 3, "qualified": 1, "converted": 1}}]


def usd(minor: int) -> dict[str, str]:
    """An amount as the API takes it."""
    return {"minor": str(minor), "currency": "USD"}


def wait_for_conversion(ask: Callable[..., dict[str, Any]], lead: str, token: str | None) -> dict[str, Any]:
    """The lead once what it becomes is there; the subscription would tell the same."""
    query = (
        "query($id: ID!, $r: String) { lead(id: $id, readAfter: $r) { conversion conversionReason"
        " account { id name } contact { id email } deal { id } } }"
    )
    deadline = datetime.now(UTC) + timedelta(seconds=30)
    while datetime.now(UTC) < deadline:
        found: dict[str, Any] = ask(query, id=lead, r=token)["lead"]
        if found["conversion"] == "COMPLETED":
            return found
        assert found["conversion"] == "PENDING", json.dumps(found)
    raise AssertionError(f"the conversion of {lead} is still pending")
