"""Queries for a feed alone, answered without the resolvers; everything else is left to the compiler.

A feed comes ready from its store in one round trip: resolving fifty items field by field would cost many times that.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
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
    """As print_instant prints it: without zeros at the end of a fraction."""
    text = item.occurred_at
    return text if "." not in text else text[:-1].rstrip("0") + "Z"


_READ: Mapping[str, Read] = {
    "__typename": lambda _: "FeedItem",
    "position": lambda item: str(item.position),
    "type": attrgetter("type"),
    "occurredAt": _instant,
    "actor": attrgetter("actor"),
    "kind": lambda item: kind_of(item).upper(),
    "id": attrgetter("id"),
    "name": attrgetter("name"),
    "data": attrgetter("data"),
}
_encode = msgspec.json.Encoder().encode


class _Plan(NamedTuple):
    """A query for one feed, with one shape of variables."""

    key: str
    arguments: Mapping[str, Value]
    reads: Sequence[Read]
    shown: type[msgspec.Struct]
    """An object of the answer; takes what the reads read, in their order."""

    def weight(self) -> int:
        """What it takes to keep it."""
        return 2 * OVERHEAD + 200 * len(self.reads)

    def answer(self, items: Items) -> bytes:
        """The response; made column by column, most of it without a step of Python an item."""
        columns = [map(read, items) for read in self.reads]
        return _encode({"data": {self.key: list(map(self.shown, *columns))}})


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
        return plan.answer(items)

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
        fields = selections.below(nodes, "FeedItem")
        reads = [_READ[some[0].name.value] for some in fields.values()]
        return self._feeds.put(key, _Plan(name, arguments, reads, _shown(fields)))


def _shown(names: Iterable[str]) -> type[msgspec.Struct]:
    """A class of objects with these names, whatever they mean in Python."""
    places = {f"_{place}": name for place, name in enumerate(names)}
    return msgspec.defstruct("Shown", [(place, Any) for place in places], rename=places, gc=False)


def _asks_feed(operation: Operation) -> bool:
    """Whether it asks for one feed and nothing else."""
    match operation.node.selection_set.selections:
        case (FieldNode(name=name, directives=directives),) if name.value == "feed" and not directives:
            return True
        case _:
            return False
