"""Executes queries as one SQL statement each, or says why not."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    get_location,
    print_ast,
)
from graphql.execution.values import get_variable_values
from graphql.language import Location, VariableNode, Visitor, visit

from read_api.as_of import Reader
from read_api.compiler.arguments import Variables, shape
from read_api.compiler.declarations import Declarations
from read_api.compiler.errors import NotCompilable, Reason
from read_api.compiler.frame import NOW, USER, Frame
from read_api.compiler.lru import Lru
from read_api.compiler.plan import MissingValue, MomentBeyond, Plan, plan_of
from read_api.compiler.selection import Selections
from read_api.errors import ApiError

DOCUMENTS = 1_000_000
"""Characters of the query texts that are kept as they were sent."""
OPERATIONS = 1_000_000
"""Characters of the queries that are kept in their normal form."""
PLANS = 16_000_000
"""Characters of SQL: one statement for each query and shape of its variables."""
OVERHEAD = 500
"""What each entry weighs more than its text."""


class NotCompiled(NamedTuple):
    """The resolvers have to answer."""

    reason: Reason


class Surroundings(Protocol):
    """What an operation is executed in."""

    @property
    def now(self) -> datetime:
        """The operation's time."""
        ...

    @property
    def user_id(self) -> str:
        """Who asks."""
        ...

    @property
    def transaction(self) -> Reader:
        """A snapshot bound to the tenant."""
        ...


class Operation:
    """A query in its normal form."""

    def __init__(
        self, text: str, node: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
    ) -> None:
        self.text = text
        self.node = node
        self.fragments = fragments
        self.variables = node.variable_definitions or ()
        self._sizes = _page_size_variables(node, fragments)

    def weight(self) -> int:
        """What it takes to keep it."""
        return OVERHEAD + len(self.text)

    def shape(self, variables: Variables) -> Any:
        """What the text of the statement depends on; page sizes are part of it."""
        return tuple((name, value if name in self._sizes else shape(value)) for name, value in variables.items())


def _weight(plan: "Plan | NotCompiled") -> int:
    return OVERHEAD + (len(plan.sql) if isinstance(plan, Plan) else 0)


class _Kept(NamedTuple):
    """A document as it was sent; held, so that its identity stays its own."""

    document: DocumentNode
    operation: Operation | NotCompiled
    node: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]

    def weight(self) -> int:
        """What it takes to keep it."""
        return OVERHEAD + (len(self.document.loc.source.body) if self.document.loc is not None else 0)

    def locations(self, key: str, variables: Variables) -> list[dict[str, int]]:
        """Where the root fields of a response key stand in the text that was sent."""
        nodes = Selections(self.fragments, variables).collect([self.node.selection_set], "Query")[key]
        return [_location(node.loc) for node in nodes if node.loc is not None]


class Engine:
    """The compiled path of one schema. Documents have been validated, and their cost has been accepted."""

    def __init__(self, schema: Any) -> None:
        self._schema: GraphQLSchema = schema._schema  # noqa: SLF001 - Strawberry has no public name for it
        self._declarations = Declarations(schema)
        self._documents: Lru[tuple[int, str | None], _Kept] = Lru(DOCUMENTS, _Kept.weight)
        self._operations: Lru[tuple[str, str | None], Operation] = Lru(OPERATIONS, Operation.weight)
        self._plans: Lru[tuple[Operation, Any], Plan | NotCompiled] = Lru(PLANS, _weight)

    async def execute(
        self,
        document: DocumentNode,
        variables: Mapping[str, Any] | None,
        operation_name: str | None,
        context: Surroundings,
    ) -> bytes | NotCompiled:
        """The response's bytes, from one statement; raises what asyncpg raises."""
        kept = self._kept(document, operation_name)
        if isinstance(kept.operation, NotCompiled):
            return kept.operation
        values = self._coerced(kept.operation, variables or {})
        if isinstance(values, NotCompiled):
            return values
        plan = self._plan(kept.operation, values)
        if isinstance(plan, NotCompiled):
            return plan
        values[NOW], values[USER] = context.now, context.user_id
        try:
            parameters = plan.bind(values)
        except ApiError:
            return NotCompiled(Reason.REFUSED)
        rows = await context.transaction.fetch(plan.sql, *parameters)
        try:
            return plan.response(rows[0], lambda key: kept.locations(key, values))
        except MissingValue:
            return NotCompiled(Reason.NULL)
        except MomentBeyond:
            return NotCompiled(Reason.REFUSED)

    def _coerced(self, operation: Operation, variables: Mapping[str, Any]) -> dict[str, Any] | NotCompiled:
        if not operation.variables:
            return {}
        coerced = get_variable_values(self._schema, operation.variables, dict(variables))
        return NotCompiled(Reason.VARIABLES) if isinstance(coerced, list) else dict(coerced.coerced)

    def _plan(self, operation: Operation, variables: Variables) -> Plan | NotCompiled:
        key = (operation, operation.shape(variables))
        if (kept := self._plans.get(key)) is not None:
            return kept
        frame = Frame(self._schema, self._declarations, Selections(operation.fragments, variables), variables)
        try:
            return self._plans.put(key, plan_of(frame, operation.node))
        except NotCompilable as error:
            return self._plans.put(key, NotCompiled(error.reason))
        except ApiError:
            return NotCompiled(Reason.REFUSED)  # it is the values', not the shape's: not kept

    def _kept(self, document: DocumentNode, name: str | None) -> _Kept:
        key = (id(document), name)
        if (kept := self._documents.get(key)) is not None and kept.document is document:
            return kept
        return self._documents.put(key, self._prepared(document, name))

    def _prepared(self, document: DocumentNode, name: str | None) -> _Kept:
        operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
        chosen = [each for each in operations if name is None or (each.name is not None and each.name.value == name)]
        if len(chosen) != 1 or chosen[0].operation is not OperationType.QUERY:
            return _Kept(document, NotCompiled(Reason.NOT_A_QUERY), operations[0], {})
        fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
        text = print_ast(document)
        if (operation := self._operations.get((text, name))) is None:
            operation = self._operations.put((text, name), Operation(text, chosen[0], fragments))
        return _Kept(document, operation, chosen[0], fragments)


def _location(place: Location) -> dict[str, int]:
    found = get_location(place.source, place.start)
    return {"line": found.line, "column": found.column}


class _SizeFinder(Visitor):
    """Names of variables that are page sizes, which are part of a statement's text: the planner has to see them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def enter_argument(self, node: Any, *_: Any) -> None:
        """A page size is an argument called first."""
        if node.name.value == "first" and isinstance(node.value, VariableNode):
            self.found.add(node.value.name.value)


def _page_size_variables(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> frozenset[str]:
    finder = _SizeFinder()
    for node in (operation, *fragments.values()):
        visit(node, finder)
    return frozenset(finder.found)
