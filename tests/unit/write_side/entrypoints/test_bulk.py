"""Many conversions in one mutation."""

import asyncio
from typing import Any, NewType
from uuid import UUID, uuid4

import pytest
import strawberry
from strawberry.schema.config import StrawberryConfig

from event_schemas.streams import Position, StreamName, TenantId
from event_schemas.token import ConsistencyToken
from tests.support.events import some_id
from write_side.application.deciders import COMMANDS
from write_side.application.ports import EventStoreUnavailable
from write_side.application.requests import EntityVersionConflict, Outcome, Request
from write_side.domain.decider import Command
from write_side.domain.lead import LeadNotQualified
from write_side.entrypoints.bulk import CONCURRENT, MOST
from write_side.entrypoints.graphql import EntityField, mutation_type

BigInt = NewType("BigInt", int)
GOOD, REFUSED, STALE, LOST, BROKEN = (some_id(name) for name in ("good", "refused", "stale", "lost", "broken"))
ERRORS: dict[UUID, Exception] = {
    REFUSED: LeadNotQualified("qualify it first"),
    STALE: EntityVersionConflict("somebody was quicker"),
    LOST: EventStoreUnavailable("the event store does not answer"),
    BROKEN: ZeroDivisionError("a defect"),
}
QUERY = """mutation($inputs: [ConvertLeadInput!]!, $key: String) {
  convertLeads(inputs: $inputs, idempotencyKey: $key) { version userErrors { code field message } } }"""
WITH_LEADS = """mutation($inputs: [ConvertLeadInput!]!) { convertLeads(inputs: $inputs) { lead { id } } }"""


@strawberry.type
class Thing:
    """An entity of any kind."""

    id: strawberry.ID


@strawberry.type
class Query:
    """A schema needs one."""

    thing: Thing | None = None


class Caller:
    """Answers for each lead as it is told, and counts."""

    tenant = TenantId("demo")
    user_id = "ann"

    def __init__(self, *, role: str = "member") -> None:
        self.role = role
        self.requests: list[Request] = []
        self.at_once = self.most_at_once = 0
        self.loads: list[tuple[str, Position]] = []

    async def transact(self, command: Command, request: Request) -> Outcome:
        """An outcome, or the lead's error."""
        self.requests.append(request)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        if command.id in ERRORS:
            raise ERRORS[command.id]
        position = Position(len(self.requests))
        token = ConsistencyToken(((StreamName(f"lead-demo~{command.id}"), position),))
        return Outcome(entity_id=command.id, version=3, position=position, token=token, events=1)


async def load(info: strawberry.Info, outcome: Outcome) -> Thing:
    """Opens a transaction."""
    info.context.loads.append(("opened", outcome.position))
    return Thing(id=strawberry.ID(str(outcome.entity_id)))


async def load_beside(info: strawberry.Info, outcome: Outcome) -> Thing:
    """Reads in the one that is open."""
    info.context.loads.append(("beside", outcome.position))
    return Thing(id=strawberry.ID(str(outcome.entity_id)))


def schema() -> strawberry.Schema:
    """All mutations over entities of one type."""
    kinds = {decider.kind or decider.category for decider in COMMANDS.values()}
    entities = {kind: EntityField(Thing | None, load, load_beside) for kind in kinds}
    big_int = strawberry.scalar(name="BigInt", serialize=str, parse_value=int)
    mutation = mutation_type(entities=entities, names={}, big_int=BigInt)
    return strawberry.Schema(Query, mutation, config=StrawberryConfig(scalar_map={BigInt: big_int}))


SCHEMA = schema()


async def convert(caller: Caller, *leads: UUID, query: str = QUERY, **variables: Any) -> Any:
    """The result of converting these leads."""
    inputs = [{"id": str(lead)} for lead in leads]
    return await SCHEMA.execute(query, {"inputs": inputs, **variables}, context_value=caller)


async def test_each_is_answered_in_its_place(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever becomes of one, the others have their answers."""
    result = await convert(Caller(), GOOD, REFUSED, STALE, LOST, BROKEN, GOOD)
    assert result.errors is None
    payloads = result.data["convertLeads"]
    assert [payload["version"] for payload in payloads] == [3, None, None, None, None, 3]
    assert [[error["code"] for error in payload["userErrors"]] for payload in payloads] == [
        [],
        ["LEAD_NOT_QUALIFIED"],
        ["VERSION_CONFLICT"],
        ["UNAVAILABLE"],
        ["INTERNAL_ERROR"],
        [],
    ]
    assert "division" not in str(payloads)
    assert "ZeroDivisionError" in caplog.text


async def test_an_input_that_cannot_be_accepted_fails_alone() -> None:
    """Its error names the field."""
    inputs = [{"id": "no id"}, {"id": str(GOOD)}]
    result: Any = await SCHEMA.execute(QUERY, {"inputs": inputs}, context_value=Caller())
    first, second = result.data["convertLeads"]
    assert [(error["code"], error["field"]) for error in first["userErrors"]] == [("INVALID_INPUT", ["id"])]
    assert second["version"] == 3


async def test_all_share_the_key() -> None:
    """Its scope is each lead, so the same lead in another list is a repeat as well."""
    caller = Caller()
    await convert(caller, GOOD, uuid4(), key="batch")
    assert [request.idempotency_key for request in caller.requests] == ["batch", "batch"]


async def test_so_many_are_under_way_at_once() -> None:
    """No more than the store should have to take."""
    caller = Caller()
    result = await convert(caller, *(uuid4() for _ in range(MOST)))
    assert len(result.data["convertLeads"]) == len(caller.requests) == MOST
    assert caller.most_at_once == CONCURRENT


@pytest.mark.parametrize(
    ("role", "number", "variables", "code"),
    [
        ("viewer", 1, {}, "FORBIDDEN"),
        ("member", MOST + 1, {}, "BAD_REQUEST"),
        ("member", 1, {"key": "x" * 201}, "BAD_REQUEST"),
    ],
)
async def test_what_is_refused_as_a_whole(role: str, number: int, variables: Any, code: str) -> None:
    """Nothing is sent then."""
    caller = Caller(role=role)
    result = await convert(caller, *(uuid4() for _ in range(number)), **variables)
    assert [error.extensions for error in result.errors] == [{"code": code}]
    assert caller.requests == []


async def test_leads_are_read_in_one_transaction() -> None:
    """It is opened once, for the furthest of the commands; all are read in it."""
    caller = Caller()
    leads = [uuid4() for _ in range(20)]
    result = await convert(caller, *leads, REFUSED, query=WITH_LEADS)
    shown = [payload["lead"] and payload["lead"]["id"] for payload in result.data["convertLeads"]]
    assert shown == [*(str(lead) for lead in leads), None]
    (how, furthest), *others = caller.loads
    assert (how, {how for how, _ in others}, len(others)) == ("opened", {"beside"}, 20)
    assert furthest == max(position for _, position in others)


@pytest.mark.parametrize(("role", "is_admin"), [("admin", True), ("member", False)])
async def test_a_request_says_whether_an_admin_asks(role: str, is_admin: bool) -> None:
    """Some decisions depend on it."""
    caller = Caller(role=role)
    await convert(caller, GOOD)
    assert [request.admin for request in caller.requests] == [is_admin]
