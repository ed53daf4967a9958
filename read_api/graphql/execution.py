"""What happens around every operation that Strawberry executes: admission, its context, waiting, presentable errors."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.extensions import SchemaExtension
from strawberry.types import ExecutionContext, ExecutionResult

from read_api.errors import Unauthenticated, presentable
from read_api.graphql.admission import Admission, NotAdmitted
from read_api.graphql.context import Connection, Context
from read_api.graphql.documents import Operation


class Schema(strawberry.Schema):
    """Errors are logged where they are made presentable, and only those that are defects of ours."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Nothing more to do."""


class OperationScope(SchemaExtension):
    """One operation, whatever it came over."""

    def __init__(self, admission: Callable[[], Admission]) -> None:
        super().__init__()
        self._admission = admission
        self._context: Context | None = None
        self._operation: Operation | None = None
        self._refused: Unauthenticated | None = None

    async def on_operation(self) -> AsyncIterator[None]:
        """Exchange the connection for a context of the operation's own, closed at its end."""
        connection: Connection = self.execution_context.context
        try:
            self._context = self.execution_context.context = connection.open()
        except Unauthenticated as error:
            self._refused = error
        try:
            yield
        finally:
            if self._context is not None:
                await self._context.close()

    def on_parse(self) -> Iterator[None]:
        """Take the document that was parsed already; what cannot be parsed is parsed again, for its error."""
        execution = self.execution_context
        if execution.query:
            execution.graphql_document = self._admission().document(execution.query).ast
        yield

    def on_validate(self) -> Iterator[None]:
        """Refuse, or say that validation has been done."""
        execution = self.execution_context
        execution.pre_execution_errors = [self._refused] if self._refused else self._admit(execution)
        yield

    def _admit(self, execution: ExecutionContext) -> list[GraphQLError]:
        # the public `operation_name` guesses the first operation where the client named none
        name = execution._provided_operation_name  # noqa: SLF001 -- Strawberry offers no other way to the name
        try:
            self._operation = self._admission().admit(execution.query or "", execution.variables or {}, name)
        except NotAdmitted as refused:
            return list(refused.errors)
        return []

    async def on_execute(self) -> AsyncIterator[None]:
        """Wait for what the client wants to see; the transaction begins later."""
        if self._operation is not None and self._context is not None:
            variables = self.execution_context.variables or {}
            await self._context.consistency.wait_for_all(
                self._context.tenant,
                self._operation.read_after(variables),
                in_all_lanes=self._operation.asks_as_of(variables),
            )
        yield

    def on_stream_result(self, result: Any) -> Iterator[None]:
        """Each answer of a stream goes out as it is here."""
        if isinstance(result, ExecutionResult) and result.errors:
            result.errors = [presentable(error) for error in result.errors]
        yield
