"""One operation with one shape of variables -> one statement, and its row -> the response's bytes."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import OperationDefinitionNode

from read_api.compiler.arguments import Variables
from read_api.compiler.frame import Frame, MomentSql
from read_api.compiler.roots import BROKEN, Root, root_of
from read_api.errors import not_found

_PARAMETER = re.compile(r"\$([0-9]+)")  # a statement holds no other $: constants are names and punctuation

Locations = Callable[[str], list[dict[str, int]]]
"""Response key -> where its fields stand in the text that was sent."""


class MissingValue(Exception):
    """Nothing was found where the schema promises something."""


class MomentBeyond(Exception):
    """A position was asked for that is not there yet."""


@dataclass(frozen=True)
class Plan:
    """A statement that answers an operation."""

    sql: str
    parameters: Sequence[Callable[[Variables], Any]]
    used: Sequence[int]
    """Which of the parameters the statement takes; the others are only checked."""
    checks: Sequence[Callable[[Variables], Any]]
    roots: Sequence[Root]

    def bind(self, variables: Variables) -> list[Any]:
        """The statement's parameters; raises an ApiError for arguments that will be refused."""
        for check in self.checks:
            check(variables)
        values = [parameter(variables) for parameter in self.parameters]
        return [values[index] for index in self.used]

    def response(self, row: Sequence[Any], locations: Locations) -> bytes:
        """The answer; raises MissingValue or MomentBeyond when the resolvers have to word it."""
        if row[0]:
            raise MomentBeyond
        parts, errors, separator = [b'{"data":{'], [], b""
        for root, text in zip(self.roots, row[1:], strict=True):
            if text == BROKEN or (text is None and not root.nullable):
                raise MissingValue
            if text is None:
                errors.append(_missing(root, locations))
            parts += (separator, b'"', root.key.encode(), b'":', text or b"null")
            separator = b","
        parts.append(b"}")
        if errors:
            parts += (b',"errors":', orjson.dumps(errors))
        parts.append(b"}")
        return b"".join(parts)


def _missing(root: Root, locations: Locations) -> dict[str, Any]:
    error = not_found()
    return {
        "message": error.message,
        "locations": locations(root.key),
        "path": [root.key],
        "extensions": error.extensions,
    }


def plan_of(frame: Frame, operation: OperationDefinitionNode) -> Plan:
    """Compile an operation; raises NotCompilable, or an ApiError for arguments that will be refused."""
    fields = frame.selections.collect([operation.selection_set], "Query")
    roots = [root_of(frame, key, nodes) for key, nodes in fields.items()]
    statement = frame.statement
    columns = [_beyond(statement.moments), *(f"convert_to({root.text},'UTF8')" for root in roots)]
    definitions = [each.definition for each in statement.moments if each.definition is not None]
    sql = f"select {','.join(columns)}"
    if definitions:
        sql += f" from {','.join(name for name, _ in definitions)}"
    if tables := [*definitions, *statement.tables]:
        sql = f"with {','.join(f'{name} as materialized ({text})' for name, text in tables)} {sql}"
    sql, used = _renumbered(sql)
    return Plan(sql, statement.parameters, used, statement.checks, roots)


def _renumbered(sql: str) -> tuple[str, Sequence[int]]:
    """Parameters in the order of their appearance: PostgreSQL refuses those that do not appear."""
    places: dict[int, int] = {}
    text = _PARAMETER.sub(lambda found: f"${places.setdefault(int(found[1]), len(places) + 1)}", sql)
    return text, [number - 1 for number in places]


def _beyond(moments: Sequence[MomentSql]) -> str:
    """Whether a position lies beyond what is there."""
    return " or ".join(f"{each.position} is null" for each in moments if each.may_be_beyond) or "false"
