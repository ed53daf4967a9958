"""What clients learn of an error, and which status it has."""

import logging

import asyncpg
import pytest
from graphql import GraphQLError

from event_schemas.ports import EventLogUnavailable
from read_api.errors import Code, bad_request, not_found, presentable, read_stale, status_of, too_complex


def wrapped(cause: Exception) -> GraphQLError:
    """As graphql-core wraps what a resolver raised."""
    return GraphQLError(str(cause), path=["deal"], original_error=cause)


def code_of(error: GraphQLError) -> str:
    """The error's code."""
    return str((error.extensions or {})["code"])


@pytest.mark.parametrize("raised", [bad_request("x"), not_found(), read_stale("x"), too_complex("x")])
def test_an_error_with_a_code_keeps_it(raised: GraphQLError) -> None:
    """Raised by a resolver, it comes out as it was meant."""
    shown = presentable(wrapped(raised))
    assert (code_of(shown), shown.message, shown.path) == (code_of(raised), raised.message, ["deal"])


def test_an_error_of_graphql_itself_is_a_bad_request() -> None:
    """A variable of another type, an unknown field."""
    assert code_of(presentable(GraphQLError("Int cannot represent"))) == Code.BAD_REQUEST


@pytest.mark.parametrize(
    "cause",
    [
        EventLogUnavailable("down"),
        ConnectionRefusedError(),
        TimeoutError(),
        asyncpg.ConnectionDoesNotExistError("gone"),
        asyncpg.AdminShutdownError("shutting down"),
        asyncpg.InterfaceError("connection is closed"),
    ],
)
def test_a_part_that_is_down_is_unavailable(cause: Exception) -> None:
    """The client may try again; what went wrong stays in the log."""
    shown = presentable(wrapped(cause))
    assert code_of(shown) == Code.UNAVAILABLE
    assert str(cause) not in shown.message or not str(cause)


@pytest.mark.parametrize(
    "cause", [KeyError("a secret"), asyncpg.DataError("a secret"), asyncpg.UndefinedTableError("a secret")]
)
def test_a_defect_is_told_by_its_incident_alone(cause: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """The traceback is in the log under the id that the client gets, and nowhere else."""
    shown = presentable(wrapped(cause))
    assert code_of(shown) == Code.INTERNAL
    assert "a secret" not in shown.message
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.getMessage().split()[-1] in shown.message
    assert record.exc_info is not None
    assert record.exc_info[1] is cause


def test_a_statement_that_takes_too_long_is_too_complex() -> None:
    """The server's own limit on time."""
    assert code_of(presentable(wrapped(asyncpg.QueryCanceledError("timeout")))) == Code.QUERY_TOO_COMPLEX


def test_a_long_message_is_cut() -> None:
    """What a client sent is not sent back by the megabyte."""
    assert len(presentable(GraphQLError("x" * 10**6)).message) < 2_000


@pytest.mark.parametrize(
    ("data", "error", "status"),
    [
        (None, bad_request("x"), 400),
        (None, too_complex("x"), 400),
        (None, read_stale("x"), 200),
        ({"deal": None}, presentable(wrapped(not_found())), 200),
        (None, presentable(wrapped(not_found())), 200),
        (None, presentable(wrapped(bad_request("x"))), 200),
        (None, presentable(wrapped(ConnectionRefusedError())), 503),
        (None, presentable(GraphQLError("poison", path=["a"], extensions={"code": "UNAVAILABLE"})), 200),
        ({"a": 1, "b": None}, presentable(wrapped(ConnectionRefusedError())), 200),
        ({"a": 1, "b": None}, presentable(wrapped(KeyError())), 500),
    ],
)
def test_the_status_tells_refusals_outages_and_defects(data: object, error: GraphQLError, status: int) -> None:
    """Everything that was executed answers 200, but for a defect, and for an outage that left no data at all."""
    assert status_of(data, [error]) == status
