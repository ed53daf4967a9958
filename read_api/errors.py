"""Errors as clients see them: a message that says what to do, and one of a few codes in ``extensions``."""

import logging
from collections.abc import Iterable
from enum import StrEnum
from typing import Any
from uuid import uuid4

import asyncpg
import redis.exceptions
from graphql import GraphQLError

from event_schemas.ports import EventLogUnavailable

_log = logging.getLogger(__name__)

MAX_MESSAGE = 1_000
"""Longer messages are cut: what a client sent is not sent back by the megabyte."""


class Code(StrEnum):
    """The codes of system errors; business rules come back in a payload's ``userErrors`` instead."""

    BAD_REQUEST = "BAD_REQUEST"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    VERSION_CONFLICT = "VERSION_CONFLICT"
    IDEMPOTENCY_MISMATCH = "IDEMPOTENCY_MISMATCH"
    OCCURRED_OUT_OF_ORDER = "OCCURRED_OUT_OF_ORDER"
    INVALID_CURSOR = "INVALID_CURSOR"
    CURSOR_EXPIRED = "CURSOR_EXPIRED"
    RATE_LIMITED = "RATE_LIMITED"
    QUERY_TOO_COMPLEX = "QUERY_TOO_COMPLEX"
    READ_STALE = "READ_STALE"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"
    """A defect of ours, logged under the id that the message gives."""


class ApiError(GraphQLError):
    """An error with a code; raised by resolvers, or answered before anything is executed."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message, extensions={"code": str(code)})


class Unauthenticated(ApiError):
    """No token, or one that is not valid now."""

    def __init__(self, message: str) -> None:
        super().__init__(Code.UNAUTHENTICATED, message)


def bad_request(message: str) -> ApiError:
    """What was sent cannot be meant; the message says what to send instead."""
    return ApiError(Code.BAD_REQUEST, message)


def not_found(message: str = "there is no such entity; check its id") -> ApiError:
    """Absent, or another tenant's: the two look the same."""
    return ApiError(Code.NOT_FOUND, message)


def invalid_cursor(message: str = "this cursor does not belong here; take one that this very list gave") -> ApiError:
    """A cursor that is garbage, or of another list or sort order."""
    return ApiError(Code.INVALID_CURSOR, message)


def too_complex(message: str) -> ApiError:
    """The operation asks for more than one request may."""
    return ApiError(Code.QUERY_TOO_COMPLEX, message)


def read_stale(message: str) -> ApiError:
    """The views have not reached what the client wants to see."""
    return ApiError(Code.READ_STALE, message)


_OUTAGES = (
    EventLogUnavailable,
    OSError,  # refused, reset, timed out
    asyncpg.InterfaceError,  # closed under us
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shut down, starting up, terminated
    asyncpg.InsufficientResourcesError,
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
)


class Outage(GraphQLError):
    """A part of the platform did not answer: an error that may be gone when the same is asked again."""


def is_outage(error: BaseException) -> bool:
    """True when a part does not answer now; a ValueError is the driver's word for an argument that it cannot send."""
    return isinstance(error, _OUTAGES) and not isinstance(error, ValueError)


def presentable(error: GraphQLError) -> GraphQLError:
    """The error as the client may see it: with a code, a bounded message, and nothing of our insides."""
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    if "code" in (error.extensions or {}) or cause is None or isinstance(cause, GraphQLError):
        return _copy(error, error.message, (error.extensions or {}).get("code", Code.BAD_REQUEST))
    if isinstance(cause, asyncpg.QueryCanceledError):
        return _copy(error, "this took too long; ask for less at once", Code.QUERY_TOO_COMPLEX)
    if is_outage(cause):
        _log.warning("a part is unavailable: %s: %s", type(cause).__name__, cause)
        what = "a part of the platform is unavailable now; try again shortly"
        return _copy(error, what, Code.UNAVAILABLE, kind=Outage)
    return _copy(error, _defect(cause), Code.INTERNAL)


def defect(cause: BaseException) -> ApiError:
    """An unexpected exception: logged under an id, told without its insides."""
    return ApiError(Code.INTERNAL, _defect(cause))


def _defect(cause: BaseException) -> str:
    incident = uuid4().hex[:12]
    _log.error("incident %s", incident, exc_info=cause)
    return f"an internal error occurred; it is logged as incident {incident}"


def _copy(error: GraphQLError, message: str, code: str, *, kind: type[GraphQLError] = GraphQLError) -> GraphQLError:
    short = message if len(message) <= MAX_MESSAGE else message[:MAX_MESSAGE] + "..."
    extensions = {**(error.extensions or {}), "code": str(code)}
    return kind(
        short,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions=extensions,
    )


def body(errors: Iterable[GraphQLError]) -> dict[str, Any]:
    """The response body of an operation that was refused before execution."""
    return {"errors": [error.formatted for error in errors]}


STATUS = {
    Code.UNAUTHENTICATED: 401,
    Code.BAD_REQUEST: 400,
    Code.QUERY_TOO_COMPLEX: 400,
    Code.RATE_LIMITED: 429,
}
"""HTTP status of what is refused before execution; everything else is an answer: 200."""


def status_of(data: Any, errors: Iterable[GraphQLError]) -> int:
    """HTTP status of an answer: 200, unless nothing was executed, a part is down, or a defect of ours shows."""
    status = 200
    for error in errors:
        code = Code((error.extensions or {}).get("code", Code.INTERNAL))
        if code is Code.INTERNAL:
            return 500
        if data is None and isinstance(error, Outage):
            status = 503
        elif data is None and error.path is None:
            status = STATUS.get(code, status)
    return status
