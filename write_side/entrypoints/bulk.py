"""A mutation for many commands at once: each is decided and answered on its own."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import strawberry
from graphql import GraphQLError

from event_schemas.ports import EventLogUnavailable
from write_side.application.requests import Outcome

MOST = 500
"""Commands in one mutation."""
CONCURRENT = 32
"""Commands of one mutation that are under way at once."""
UNAVAILABLE = "UNAVAILABLE"

_log = logging.getLogger(__name__)

Load = Callable[[strawberry.Info, Outcome], Awaitable[Any]]


class Answering(Protocol):
    """One command as the API takes it."""

    @property
    def input_type(self) -> Any:
        """Of its one argument."""

    @property
    def payload(self) -> Any:
        """Of its answer."""

    def admit(self, caller: Any, key: str | None) -> str | None:
        """The key to use, unless the caller may not send the command at all."""
        ...

    async def answer(self, caller: Any, input: Any, *, key: str | None) -> Any:
        """The payload; raises what is no answer about the business."""
        ...

    def refused(self, code: str, message: str, path: tuple[str, ...] = ()) -> Any:
        """The payload of a command that changed nothing."""
        ...


class Loading(Protocol):
    """How the entities of a kind are read."""

    @property
    def load(self) -> Load:
        """Opens a new transaction, once the views have reached the command's effect."""

    @property
    def load_beside(self) -> Load | None:
        """Reads in the transaction that is open."""


class Together:
    """The accepted commands of one mutation: their entities are read in one transaction, that has seen them all."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self._furthest = max(outcomes, key=lambda outcome: outcome.position)
        self._lock = asyncio.Lock()
        self._opened = False

    async def load(self, info: strawberry.Info, outcome: Outcome, entity: Loading) -> Any:
        """The entity of one of them."""
        async with self._lock:
            if not self._opened:
                await entity.load(info, self._furthest)
                self._opened = True
        return await (entity.load_beside or entity.load)(info, outcome)


def bulk_mutation(answering: Answering, *, description: str) -> Any:
    """Takes a list of inputs, answers a list of payloads in the same order."""

    async def resolve(info: strawberry.Info, inputs: Any, idempotency_key: str | None = strawberry.UNSET) -> Any:
        key = answering.admit(info.context, idempotency_key)
        if len(inputs) > MOST:
            message = f"{len(inputs)} commands are more than {MOST}: send them in several mutations"
            raise GraphQLError(message, extensions={"code": "BAD_REQUEST"})
        room = asyncio.Semaphore(CONCURRENT)
        payloads = await asyncio.gather(*(_one(answering, info.context, each, key, room) for each in inputs))
        accepted = [payload for payload in payloads if payload.outcome is not None]
        if accepted:
            together = Together([payload.outcome for payload in accepted])
            for payload in accepted:
                payload.together = together
        return payloads

    inputs_type = list[answering.input_type]  # type: ignore[name-defined]  # made while running
    payloads_type = list[answering.payload]  # type: ignore[name-defined]  # made while running
    resolve.__annotations__ |= {"inputs": inputs_type, "return": payloads_type}
    many = f"{description}\n\nAt most {MOST} at once; each is answered on its own, and none fails another."
    return strawberry.mutation(resolver=resolve, description=many)


async def _one(answering: Answering, caller: Any, input: Any, key: str | None, room: asyncio.Semaphore) -> Any:
    """The answer to one command, whatever it is: what would be an error of its mutation is one of its payload here."""
    async with room:
        try:
            return await answering.answer(caller, input, key=key)
        except GraphQLError as error:
            return answering.refused(str((error.extensions or {}).get("code", UNAVAILABLE)), error.message)
        except EventLogUnavailable as error:
            return answering.refused(UNAVAILABLE, str(error))
        except Exception:  # noqa: BLE001  # a defect of ours: logged, and no reason to lose the other answers
            _log.exception("a command of a bulk mutation failed")
            return answering.refused("INTERNAL_ERROR", "this command failed for no known reason; send it again")
