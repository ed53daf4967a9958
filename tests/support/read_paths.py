"""One query, executed both ways."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
import strawberry
from graphql import DocumentNode, GraphQLError, GraphQLSyntaxError, parse, validate
from strawberry.extensions import DisableValidation
from strawberry.schema.config import StrawberryConfig

from event_schemas.streams import TenantId
from read_api.compiler.engine import Engine, NotCompiled
from read_api.database import Database, ReadTransaction
from read_api.graphql.query import Query
from read_api.graphql.types.scalars import SCALARS

USER = "user:1"
NOW = datetime(2026, 11, 21, 12, 0, 0, 250_000, tzinfo=UTC)


@dataclass
class QueryContext:
    """What resolvers need of an operation's context."""

    tenant: TenantId
    transaction: ReadTransaction
    now: datetime = NOW
    user_id: str = USER
    cards: Any = None
    loaders: dict[Any, Any] = field(default_factory=dict)


class _QuietSchema(strawberry.Schema):
    """Does not log the errors that it answers."""

    def process_errors(self, errors: list[GraphQLError], execution_context: Any = None) -> None:
        """They are what the tests look at."""


class BothPaths:
    """The compiled and the reference path over one database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.schema = _QuietSchema(
            query=Query,
            config=StrawberryConfig(scalar_map=SCALARS),
            extensions=[DisableValidation],  # done before both paths
        )
        self.engine = Engine(self.schema)
        self._documents: dict[str, DocumentNode] = {}

    def is_valid(self, query: str) -> bool:
        """Whether the schema allows the document; what is not valid is refused before either path."""
        try:
            return not validate(self.schema._schema, self._parsed(query))
        except GraphQLSyntaxError:
            return False

    def _parsed(self, query: str) -> DocumentNode:
        if query not in self._documents:
            self._documents[query] = parse(query)
        return self._documents[query]

    async def compiled(
        self, query: str, variables: Mapping[str, Any] | None = None, *, tenant: str = "demo", name: str | None = None
    ) -> bytes | NotCompiled:
        """The compiled path's answer."""
        async with self.database.transaction(TenantId(tenant)) as transaction:
            context = QueryContext(TenantId(tenant), transaction)
            return await self.engine.execute(self._parsed(query), variables, name, context)

    async def reference(
        self, query: str, variables: Mapping[str, Any] | None = None, *, tenant: str = "demo", name: str | None = None
    ) -> bytes:
        """The resolvers' answer."""
        async with self.database.transaction(TenantId(tenant)) as transaction:
            context = QueryContext(TenantId(tenant), transaction)
            result = await self.schema.execute(
                query, variable_values=dict(variables or {}), context_value=context, operation_name=name
            )
        answer: dict[str, Any] = {"data": result.data}
        if result.errors:
            answer["errors"] = [error.formatted for error in result.errors]
        return orjson.dumps(answer)
