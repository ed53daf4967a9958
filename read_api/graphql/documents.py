"""Query texts, parsed and validated once, whichever way they are executed."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    StringValueNode,
    Visitor,
    parse,
    specified_rules,
    validate,
    visit,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from read_api.errors import Code, bad_request, too_complex
from read_api.graphql.limits import Cost, Limits, Shape
from read_api.graphql.read_after import asks_as_of, read_after_of

RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
MAX_ERRORS = 20
KEPT_TEXT = 20_000
"""Characters of the longest text that is kept; longer ones are checked again each time."""
KEPT_TEXTS = 300_000
"""Characters of all texts that are kept: a parsed one takes about 150 bytes of memory per character."""
COSTS = 100
"""Results kept per operation: one for each combination of page sizes."""


class Operation:
    """One operation of a valid document."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, node: OperationDefinitionNode) -> None:
        fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self.document = document
        self.kind: str = node.operation.value
        self.read_after = read_after_of(node, fragments)
        self.asks_as_of = asks_as_of(node, fragments)
        self._cost = Cost(schema, node, fragments)
        self._costs: dict[tuple[Any, ...], int] = {}

    def cost(self, variables: Mapping[str, Any]) -> int:
        """See ``Cost``."""
        key = tuple((name, repr(variables.get(name))) for name in sorted(self._cost.variables))
        if (known := self._costs.get(key)) is not None:
            return known
        cost = self._cost.of(variables)
        if len(self._costs) < COSTS:
            key = tuple((name, repr(variables.get(name))) for name in sorted(self._cost.variables))
            self._costs[key] = cost
        return cost


class Document:
    """A query text as it was understood; valid when there are no ``errors``, unparsable when ``ast`` is None."""

    def __init__(self, schema: GraphQLSchema, ast: DocumentNode | None, errors: tuple[GraphQLError, ...]) -> None:
        self.ast = ast
        self.errors = errors
        self._operations: dict[str | None, Operation] = {}
        if ast is not None and not errors:
            nodes = [d for d in ast.definitions if isinstance(d, OperationDefinitionNode)]
            self._operations = {n.name.value if n.name else None: Operation(schema, ast, n) for n in nodes}

    def operation(self, name: str | None) -> Operation:
        """The operation that is meant; raises an ApiError (BAD_REQUEST)."""
        if name is None and len(self._operations) == 1:
            return next(iter(self._operations.values()))
        if name is None:
            raise bad_request("the document holds several operations: say which one in operationName")
        if name not in self._operations:
            raise bad_request("the document holds no operation of the name given in operationName")
        return self._operations[name]


class Documents:
    """The checked documents of one schema; the most recent ones are kept."""

    def __init__(self, schema: GraphQLSchema, limits: Limits, *, size: int = KEPT_TEXTS) -> None:
        self._schema = schema
        self._limits = limits
        self._size = size
        self._taken = 0
        self._kept: OrderedDict[str, Document] = OrderedDict()

    def get(self, text: str) -> Document:
        """Parse and validate, or answer what is kept."""
        if (kept := self._kept.get(text)) is not None:
            self._kept.move_to_end(text)
            return kept
        document = self._check(text)
        if len(text) <= KEPT_TEXT:
            self._kept[text] = document
            self._taken += len(text)
            while self._taken > self._size:
                dropped, _ = self._kept.popitem(last=False)
                self._taken -= len(dropped)
        return document

    def _check(self, text: str) -> Document:
        try:
            ast = parse(text, max_tokens=self._limits.tokens)
        except GraphQLSyntaxError as error:
            return Document(self._schema, None, (_syntax(error, self._limits),))
        # The cheap checks come first: the standard rules take time in the square of what a document holds.
        errors = Shape(ast).errors(self._limits) or _nul(ast)
        if not errors:
            errors = tuple(_coded(error) for error in validate(self._schema, ast, RULES, max_errors=MAX_ERRORS))
        return Document(self._schema, ast, errors)


def _syntax(error: GraphQLSyntaxError, limits: Limits) -> GraphQLError:
    if "too deeply" in error.description:
        return too_complex("the document is nested too deeply")
    if "tokens" in error.description:
        return too_complex(f"the document has more than {limits.tokens} tokens")
    return _coded(error)


def _coded(error: GraphQLError) -> GraphQLError:
    """Validation speaks of what was sent, whatever a scalar's parser raised."""
    return GraphQLError(
        error.message, nodes=error.nodes, source=error.source, positions=error.positions,
        extensions={"code": str(Code.BAD_REQUEST)},
    )  # fmt: skip


class _NulFinder(Visitor):
    """Finds the first string literal with a NUL, which PostgreSQL cannot store."""

    found: StringValueNode | None = None

    def enter_string_value(self, node: StringValueNode, *_: Any) -> None:
        if self.found is None and "\0" in node.value:
            self.found = node


def _nul(ast: DocumentNode) -> tuple[GraphQLError, ...]:
    finder = _NulFinder()
    visit(ast, finder)
    return (bad_request("a string holds the NUL character (U+0000): leave it out"),) if finder.found else ()
