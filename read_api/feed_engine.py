"""Queries for a feed alone, answered without the resolvers; everything else is left to the compiler.

A feed comes ready from its store in one round trip: resolving fifty items field by field would cost many times that.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

import orjson
from graphql import DocumentNode, FieldNode

from read_api.asked_feed import asked_feed
from read_api.compiler.arguments import Value, Variables, arguments_of
from read_api.compiler.engine import OVERHEAD, Engine, NotCompiled, Operation
from read_api.compiler.errors import NotCompilable, Reason
from read_api.compiler.lru import Lru
from read_api.compiler.selection import Selections
from read_api.errors import ApiError
from read_api.feed import FeedItem, Items
from read_api.graphql.feed import kind_of

PLANS = 1_000_000
"""What the known queries for feeds may weigh together."""

Read = Callable[[FeedItem], Any]


def _instant(item: FeedItem) -> str:
    """As print_instant prints it, in less time: what is read from a feed is in UTC already."""
    text = item.occurred_at.isoformat().removesuffix("+00:00")
    return (text.rstrip("0") if "." in text else text) + "Z"


_READ: Mapping[str, Read] = {
    "__typename": lambda _: "FeedItem",
    "position": lambda item: str(item.position),
    "type": attrgetter("type"),
    "occurredAt": _instant,
    "actor": attrgetter("actor"),
    "kind": lambda item: kind_of(item).upper(),
    "id": attrgetter("id"),
    "name": attrgetter("name"),
    "data": lambda item: orjson.Fragment(bytes(item.data)),
}


class _Plan(NamedTuple):
    """A query for one feed, with one shape of variables."""

    key: str
    arguments: Mapping[str, Value]
    fields: Sequence[tuple[str, Read]]

    def weight(self) -> int:
        """What it takes to keep it."""
        return OVERHEAD + 100 * len(self.fields)


class FeedEngine(Engine):
    """The compiled path of a schema, feeds included."""

    def __init__(self, schema: Any) -> None:
        super().__init__(schema)
        self._feeds: Lru[tuple[Operation, Any], _Plan] = Lru(PLANS, _Plan.weight)

    async def execute(
        self, document: DocumentNode, variables: Mapping[str, Any] | None, operation_name: str | None, context: Any
    ) -> bytes | NotCompiled:
        """The response's bytes; raises what asyncpg raises."""
        operation = self._kept(document, operation_name).operation
        if isinstance(operation, NotCompiled) or not _asks_feed(operation):
            return await super().execute(document, variables, operation_name, context)
        values = self._coerced(operation, variables or {})
        if isinstance(values, NotCompiled):
            return values
        try:
            plan = self._feed(operation, values)
            sent = {name: value.get(values) for name, value in plan.arguments.items()}
            items = await asked_feed(context, sent)
        except NotCompilable as error:
            return NotCompiled(error.reason)
        except ApiError:
            return NotCompiled(Reason.REFUSED)
        return orjson.dumps({"data": {plan.key: _shown(plan, items)}})

    def _feed(self, operation: Operation, variables: Variables) -> _Plan:
        key = (operation, operation.shape(variables))
        if (kept := self._feeds.get(key)) is not None:
            return kept
        selections = Selections(operation.fragments, variables)
        ((name, nodes),) = selections.collect([operation.node.selection_set], "Query").items()
        query = self._schema.query_type
        if query is None:
            raise NotCompilable(Reason.UNSUPPORTED)
        arguments = arguments_of(query.fields["feed"], nodes[0], variables)
        fields = [(each, _READ[some[0].name.value]) for each, some in selections.below(nodes, "FeedItem").items()]
        return self._feeds.put(key, _Plan(name, arguments, fields))


def _shown(plan: _Plan, items: Items) -> list[dict[str, Any]]:
    """The objects of the answer, made field by field: most of that is done without a step of Python an item."""
    names = [name for name, _ in plan.fields]
    columns = [map(read, items) for _, read in plan.fields]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _asks_feed(operation: Operation) -> bool:
    """Whether it asks for one feed and nothing else."""
    match operation.node.selection_set.selections:
        case (FieldNode(name=name, directives=directives),) if name.value == "feed" and not directives:
            return True
        case _:
            return False
