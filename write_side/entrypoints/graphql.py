"""GraphQL mutations: one per command, made from the table of all commands.

The read side adds what it alone knows: the types of entities, how one is read after its command, the names of scalars.
"""

import inspect
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import uuid4

import strawberry
from graphql import GraphQLError

from event_schemas.codec import UndecodableEvent
from event_schemas.streams import TenantId, entity_id
from event_schemas.values import Money
from write_side.application.deciders import COMMANDS
from write_side.application.requests import Outcome, Refused, Request
from write_side.domain.account import OpenAccount
from write_side.domain.activity import LogActivity, ScheduleActivity
from write_side.domain.contact_commands import CreateContact
from write_side.domain.deal import OpenDeal
from write_side.domain.decider import Command, Decider
from write_side.domain.errors import Rejected
from write_side.domain.lead_commands import CaptureLead, ConvertLead
from write_side.domain.pipeline import DefinePipeline
from write_side.domain.product import ListProduct
from write_side.domain.saved_view import SaveView
from write_side.domain.team import CreateTeam
from write_side.domain.user import CreateUser
from write_side.entrypoints.bulk import Together, bulk_mutation
from write_side.entrypoints.input_types import InputTypes, sent_fields
from write_side.entrypoints.validation import INVALID_INPUT, InvalidInput, build, camel, sent_of

_log = logging.getLogger(__name__)

CREATIONS = frozenset(
    {
        OpenDeal,
        OpenAccount,
        DefinePipeline,
        ListProduct,
        CreateTeam,
        CreateUser,
        LogActivity,
        ScheduleActivity,
        SaveView,
        CaptureLead,
        CreateContact,
    }
)
"""Commands whose target begins with them: the client may leave the id to us."""
BULK: Mapping[type[Command], str] = {ConvertLead: "convert_leads"}
"""Commands that may also come many at once."""
ORGANISATION = frozenset({"pipeline", "product", "team", "user"})
"""Categories that only an admin may change."""
MAX_KEY = 200
SOURCE = "graphql"


class Caller(Protocol):
    """What the context of an operation offers to mutations."""

    @property
    def tenant(self) -> TenantId:
        """Whose data it is."""

    @property
    def user_id(self) -> str:
        """Who asks."""

    @property
    def role(self) -> str:
        """``admin``, ``member`` or ``viewer``."""

    @property
    def transact(self) -> Callable[[Command, Request], Awaitable[Outcome]]:
        """Decides and appends."""


class EntityField(NamedTuple):
    """How a payload shows the entity of one kind: its nullable type, and how it is read once the command is through."""

    annotation: Any
    load: Callable[[strawberry.Info, Outcome], Awaitable[Any]]
    load_beside: Callable[[strawberry.Info, Outcome], Awaitable[Any]] | None = None
    """For a further entity of the same answer: read with what ``load`` has opened, which has waited for more."""


@strawberry.type(description="A business rule, or a check of the input, that refused the command; nothing was changed.")
class UserError:
    """Why a command was refused."""

    code: str = strawberry.field(description="Names the rule: INVALID_INPUT, or what the command's description lists.")
    field: list[str] | None = strawberry.field(description="The path to the field of the input at fault, if one is.")
    message: str = strawberry.field(description="What is wrong, and what to do.")


def mutation_type(*, entities: Mapping[str, EntityField], names: Mapping[Any, Any], big_int: Any) -> Any:
    """The type ``Mutation``. ``names``: what the API calls Python types; ``big_int``: its scalar for minor units."""
    money = type("MoneyInput", (), {"__annotations__": {"minor": big_int, "currency": str}})
    inputs = InputTypes({**names, Money: strawberry.input(money, description=Money.__doc__)})
    fields = {}
    for command, decider in COMMANDS.items():
        entity = entities[decider.kind or decider.category]
        answering = _Answering(command, decider, inputs, entity)
        fields[_snake(command.__name__)] = answering.mutation()
        if command in BULK:
            fields[BULK[command]] = bulk_mutation(answering, description=_describe(command, decider))
    return strawberry.type(type("Mutation", (), {"__annotations__": {}, **fields}))


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


class _Answering:
    """One command as the API takes it, and its answer."""

    def __init__(
        self, command: type[Command], decider: Decider[Any, Any], inputs: InputTypes, entity: EntityField
    ) -> None:
        self._command = command
        self._decider = decider
        self._kind = decider.kind or decider.category
        self.input_type = inputs.of_struct(command, optional=frozenset({"id"}) if command in CREATIONS else frozenset())
        self.payload = _payload_type(command, self._kind, entity)

    def mutation(self) -> Any:
        """The mutation of the command's name."""

        async def resolve(
            info: strawberry.Info,
            input: Any,
            idempotency_key: str | None = strawberry.UNSET,
            expected_version: int | None = strawberry.UNSET,
            occurred_at: datetime | None = strawberry.UNSET,
        ) -> Any:
            key = self.admit(info.context, idempotency_key)
            version = None if expected_version is strawberry.UNSET else expected_version
            return await self.answer(
                info.context, input, key=key, expected_version=version, occurred_at=occurred_at or None
            )

        resolve.__annotations__ |= {"input": self.input_type, "return": self.payload}
        return strawberry.mutation(resolver=resolve, description=_describe(self._command, self._decider))

    def admit(self, caller: Caller, key: str | None) -> str | None:
        """The key to use; raises FORBIDDEN and BAD_REQUEST."""
        _authorise(caller, self._decider.category)
        return _checked_key(key)

    async def answer(
        self,
        caller: Caller,
        input: Any,
        *,
        key: str | None,
        expected_version: int | None = None,
        occurred_at: datetime | None = None,
    ) -> Any:
        """The payload; raises what is no answer about the business."""
        fields = sent_fields(input)
        try:
            made = build(self._command, _with_id(fields, caller.tenant, self._kind, key))
            request = Request(
                tenant=caller.tenant,
                actor=caller.user_id,
                source=SOURCE,
                admin=caller.role == "admin",
                sent=sent_of(made, fields),
                idempotency_key=key,
                expected_version=expected_version,
                occurred_at=occurred_at,
            )
            return _accepted(self.payload, await _transact(caller, made, request))
        except InvalidInput as error:
            return self.refused(INVALID_INPUT, error.message, error.path)
        except Rejected as error:
            path = tuple(camel(part) for part in error.at.split(".")) if error.at else ()
            return self.refused(error.code, error.message, path)

    def refused(self, code: str, message: str, path: tuple[str, ...] = ()) -> Any:
        """The payload of a command that changed nothing."""
        error = UserError(code=code, field=list(path) or None, message=message)
        return self.payload(version=None, token=None, user_errors=[error], outcome=None, together=None)


def _describe(command: type[Command], decider: Decider[Any, Any]) -> str:
    who = "an admin" if decider.category in ORGANISATION else "a member or an admin"
    return f"{inspect.getdoc(command)}\n\nFor {who}."  # Python 3.13 takes a docstring's indent away, older ones do not


def _payload_type(command: type[Command], kind: str, entity: EntityField) -> Any:
    async def load(self: Any, info: strawberry.Info) -> Any:
        if self.outcome is None:
            return None
        if self.together is None:
            return await entity.load(info, self.outcome)
        return await self.together.load(info, self.outcome, entity)

    load.__annotations__["return"] = entity.annotation
    body = {
        "__annotations__": {
            kind: entity.annotation,
            "version": int | None,
            "token": str | None,
            "user_errors": list[UserError],
            "outcome": strawberry.Private[Outcome | None],  # type: ignore[misc]  # an annotation, made while running
            "together": strawberry.Private[Together | None],  # type: ignore[misc]  # likewise
        },
        kind: strawberry.field(
            resolver=load, description="The entity as it is once the views have reached the command's effect."
        ),
        "version": strawberry.field(description="The entity's version after the command, for `expectedVersion`."),
        "token": strawberry.field(description="The consistency token of the command's effect, for `readAfter`."),
    }
    return strawberry.type(type(f"{command.__name__}Payload", (), body))


def _accepted(payload: Any, outcome: Outcome) -> Any:
    token = outcome.token.encode()
    return payload(version=outcome.version, token=token, user_errors=[], outcome=outcome, together=None)


def _authorise(caller: Caller, category: str) -> None:
    if caller.role == "admin" or (caller.role == "member" and category not in ORGANISATION):
        return
    raise _error("FORBIDDEN", f"the role {caller.role} may not send this command")


def _checked_key(key: str | None) -> str | None:
    if key is None or key is strawberry.UNSET:
        return None
    if not (0 < len(key) <= MAX_KEY and key.isprintable()):
        raise _error("BAD_REQUEST", f"idempotencyKey must be 1 to {MAX_KEY} printable characters, or left out")
    return key


def _with_id(fields: Mapping[str, Any], tenant: TenantId, kind: str, key: str | None) -> Mapping[str, Any]:
    """The fields with a target: the one named, else the one that the key stands for, else a new one."""
    if fields.get("id") is not None:
        return fields
    return {**fields, "id": entity_id(tenant, kind, key) if key is not None else uuid4()}


async def _transact(caller: Caller, command: Command, request: Request) -> Outcome:
    try:
        return await caller.transact(command, request)
    except Refused as error:
        raise _error(error.code, str(error)) from error
    except UndecodableEvent as error:
        _log.exception("a command's target cannot be read")
        raise _error(
            "UNAVAILABLE", "the entity's own history cannot be read; it accepts commands once repaired"
        ) from error


def _error(code: str, message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": code})
