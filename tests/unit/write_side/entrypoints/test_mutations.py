"""The mutations that are made from the commands."""

from typing import Any, NewType

import pytest
import strawberry
from graphql import GraphQLInputObjectType, GraphQLNonNull, GraphQLObjectType
from strawberry.schema.config import StrawberryConfig

from event_schemas.codec import UndecodableEvent
from event_schemas.streams import Position, TenantId, entity_id
from event_schemas.token import ConsistencyToken
from write_side.application.deciders import COMMANDS
from write_side.application.requests import EntityVersionConflict, Outcome, Request
from write_side.domain.deal import OpenDeal
from write_side.domain.decider import Command
from write_side.domain.errors import Rejected
from write_side.entrypoints.graphql import CREATIONS, EntityField, mutation_type
from write_side.entrypoints.validation import camel

BigInt = NewType("BigInt", int)
ID = "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"


@strawberry.type
class Thing:
    """An entity of any kind."""

    id: strawberry.ID


@strawberry.type
class Query:
    """A schema needs one."""

    thing: Thing | None = None


async def load(_info: strawberry.Info, outcome: Outcome) -> Thing:
    """The entity of an outcome."""
    return Thing(id=strawberry.ID(str(outcome.entity_id)))


def schema() -> strawberry.Schema:
    """All mutations over entities of one type."""
    kinds = {decider.kind or decider.category for decider in COMMANDS.values()}
    entities = {kind: EntityField(Thing | None, load) for kind in kinds}
    big_int = strawberry.scalar(name="BigInt", serialize=str, parse_value=int)
    return strawberry.Schema(
        Query,
        mutation_type(entities=entities, names={}, big_int=BigInt),
        config=StrawberryConfig(scalar_map={BigInt: big_int}),
    )


SCHEMA = schema()


class Caller:
    """Remembers what was sent, and answers as it is told."""

    tenant = TenantId("demo")
    user_id = "ann"

    def __init__(self, *, role: str = "admin", error: Exception | None = None) -> None:
        self.role = role
        self.error = error
        self.sent: list[tuple[Any, Request]] = []

    async def transact(self, command: Command, request: Request) -> Outcome:
        """An outcome, or the error."""
        self.sent.append((command, request))
        if self.error is not None:
            raise self.error
        token = ConsistencyToken(())
        return Outcome(entity_id=command.id, version=3, position=Position(9), token=token, events=1)


async def execute(query: str, caller: Caller) -> Any:
    """The result of a mutation."""
    return await SCHEMA.execute(query, context_value=caller)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_every_command_is_a_mutation_of_its_name(command: type[Command]) -> None:
    """Imperative, with an input and a payload of its own; only a creation may come without an id."""
    mutation = SCHEMA._schema.mutation_type
    assert mutation is not None
    name = command.__name__[0].lower() + command.__name__[1:]
    field = mutation.fields[name]
    assert set(field.args) == {"input", "idempotencyKey", "expectedVersion", "occurredAt"}
    given = field.args["input"].type
    assert isinstance(given, GraphQLNonNull)
    assert isinstance(given.of_type, GraphQLInputObjectType)
    assert given.of_type.name == f"{command.__name__}Input"
    assert isinstance(given.of_type.fields["id"].type, GraphQLNonNull) == (command not in CREATIONS)
    payload = field.type.of_type
    assert isinstance(payload, GraphQLObjectType)
    assert payload.name == f"{command.__name__}Payload"
    kind = COMMANDS[command].kind or COMMANDS[command].category
    assert list(payload.fields) == [camel(kind), "version", "token", "userErrors"]


async def test_the_request_tells_who_what_and_under_which_key() -> None:
    """What surrounds the command comes from the token and the arguments."""
    caller = Caller()
    query = f"""mutation {{ winDeal(
      input: {{ id: "{ID}", amount: {{ minor: "7", currency: "USD" }} }}
      idempotencyKey: "k", expectedVersion: 2, occurredAt: "2017-01-01T00:00:00Z"
    ) {{ version token deal {{ id }} userErrors {{ code }} }} }}"""
    result = await execute(query, caller)
    assert result.data == {"winDeal": {"version": 3, "token": "W10", "deal": {"id": ID}, "userErrors": []}}
    ((command, request),) = caller.sent
    assert command.amount.minor == 7
    assert (request.tenant, request.actor, request.idempotency_key, request.expected_version) == ("demo", "ann", "k", 2)
    assert request.occurred_at is not None
    assert request.sent == {"id": ID, "amount": {"minor": 7, "currency": "USD"}}


async def test_a_missing_target_follows_from_tenant_kind_and_key() -> None:
    """The same key is the same entity; without a key it is another one each time."""
    caller = Caller()
    for key in ('"k"', '"k"', "null", "null"):
        await execute(f'mutation {{ createTeam(input: {{ name: "T" }}, idempotencyKey: {key}) {{ version }} }}', caller)
    ids = [command.id for command, _ in caller.sent]
    assert ids[:2] == [entity_id(TenantId("demo"), "team", "k")] * 2
    assert len(set(ids)) == 3
    assert all("id" not in request.sent for _, request in caller.sent)


@pytest.mark.parametrize(
    ("role", "command", "allowed"),
    [
        ("admin", 'createTeam(input: { name: "T" })', True),
        ("member", 'createTeam(input: { name: "T" })', False),
        ("viewer", 'createTeam(input: { name: "T" })', False),
        ("member", 'openAccount(input: { name: "A" })', True),
        ("member", f'setAccountParent(input: {{ id: "{ID}", parentId: null }})', True),
        ("viewer", 'openAccount(input: { name: "A" })', False),
        ("root", 'openAccount(input: { name: "A" })', False),
    ],
)
async def test_roles_decide_who_may_send_what(role: str, command: str, allowed: bool) -> None:
    """A viewer nothing, a member all but the organisation, an admin everything; nobody else anything."""
    caller = Caller(role=role)
    result = await execute(f"mutation {{ {command} {{ version }} }}", caller)
    assert bool(caller.sent) == allowed
    assert [error.extensions for error in result.errors or ()] == ([] if allowed else [{"code": "FORBIDDEN"}])


class StageNotThere(Rejected):
    """A rule with a field."""

    field = "stageId"


async def test_a_rejection_is_a_user_error() -> None:
    """The rule's name, the path of the field and the message; nothing else in the payload."""
    caller = Caller(error=StageNotThere("there is no such stage: choose another"))
    shown = "version deal { id } userErrors { code field message }"
    query = f'mutation {{ reopenDeal(input: {{ id: "{ID}" }}) {{ {shown} }} }}'
    result = await execute(query, caller)
    error = {"code": "STAGE_NOT_THERE", "field": ["stageId"], "message": "there is no such stage: choose another"}
    assert result.data == {"reopenDeal": {"version": None, "deal": None, "userErrors": [error]}}


@pytest.mark.parametrize(
    ("error", "code"),
    [(EntityVersionConflict("stale"), "VERSION_CONFLICT"), (UndecodableEvent("poison"), "UNAVAILABLE")],
)
async def test_a_refusal_of_the_system_is_an_error_with_its_code(error: Exception, code: str) -> None:
    """It is no answer about the business."""
    result = await execute(f'mutation {{ reopenDeal(input: {{ id: "{ID}" }}) {{ version }} }}', Caller(error=error))
    assert [each.extensions for each in result.errors or ()] == [{"code": code}]
    assert "poison" not in str(result.errors)


async def test_what_is_not_sent_is_not_null() -> None:
    """A detail left out stays as it is; null empties it."""
    caller = Caller()
    query = f'mutation {{ changeAccountDetails(input: {{ id: "{ID}", sector: null }}) {{ version }} }}'
    await execute(query, caller)
    ((command, request),) = caller.sent
    assert command.sector is None
    assert "name" not in request.sent
    assert request.sent == {"id": ID, "sector": None}


def test_creations_are_commands() -> None:
    """The table of commands that may come without a target names no other."""
    assert set(COMMANDS) >= CREATIONS
    assert OpenDeal in CREATIONS
