"""The schema: everything that can be asked, sent and followed."""

from collections.abc import Callable
from typing import Any

from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from read_api.graphql.admission import Admission
from read_api.graphql.counters import CountersQuery
from read_api.graphql.execution import OperationScope, Schema
from read_api.graphql.feed import FeedQuery
from read_api.graphql.history import HistoryQuery
from read_api.graphql.query import Query
from read_api.graphql.subscription import Subscription
from read_api.graphql.types.scalars import SCALARS


def build_schema(mutation: Any, admission: Callable[[], Admission]) -> Schema:
    """The executable schema. ``admission`` is asked once there is a schema to check against."""
    return Schema(
        merge_types("Query", (Query, HistoryQuery, FeedQuery, CountersQuery)),
        mutation,
        Subscription,
        config=StrawberryConfig(scalar_map=SCALARS),
        extensions=[lambda: OperationScope(admission)],
    )


def graphql_core(schema: Schema) -> GraphQLSchema:
    """The schema as graphql-core validates against it."""
    core: GraphQLSchema = schema._schema  # noqa: SLF001 - Strawberry offers no other way to it
    return core
