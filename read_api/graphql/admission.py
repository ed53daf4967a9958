"""Decides whether an operation is executed at all; the same for every way of executing and every transport."""

from collections.abc import Iterable, Mapping
from typing import Any

from graphql import GraphQLError

from read_api.errors import bad_request, too_complex
from read_api.graphql.documents import Document, Documents, Operation
from read_api.graphql.limits import Limits


class NotAdmitted(Exception):
    """The operation is refused; ``errors`` say why, each with its code."""

    def __init__(self, errors: Iterable[GraphQLError]) -> None:
        super().__init__("the operation is not admitted")
        self.errors = tuple(errors)


class Admission:
    """The checks of one schema."""

    def __init__(self, documents: Documents, limits: Limits) -> None:
        self._documents = documents
        self._limits = limits

    def document(self, text: str) -> Document:
        """The checked document of a query text, valid or not."""
        return self._documents.get(text)

    def admit(self, text: str, variables: Mapping[str, Any], operation_name: str | None) -> Operation:
        """The operation that is meant, when it may be executed; raises NotAdmitted."""
        document = self._documents.get(text)
        if document.errors:
            raise NotAdmitted(document.errors)
        try:
            operation = document.operation(operation_name)
            self._check(operation, variables)
        except GraphQLError as error:
            raise NotAdmitted([error]) from error
        return operation

    def _check(self, operation: Operation, variables: Mapping[str, Any]) -> None:
        if variables and _holds_nul(variables):
            raise bad_request("a variable holds the NUL character (U+0000): leave it out")
        if (cost := operation.cost(variables)) > self._limits.cost:
            raise too_complex(
                f"the answer may hold {cost} objects; the limit is {self._limits.cost}: ask for smaller pages"
            )


def _holds_nul(variables: Mapping[str, Any]) -> bool:
    waiting: list[Any] = [variables]
    while waiting:
        match waiting.pop():
            case str(text):
                if "\0" in text:
                    return True
            case dict(fields):
                waiting += fields.values()
            case list(items):
                waiting += items
    return False
