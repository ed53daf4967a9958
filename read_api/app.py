"""The API's application: /graphql, GraphiQL, and what operators ask."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
import orjson
from fastapi import FastAPI, Response
from fastapi.responses import PlainTextResponse
from prometheus_client.metrics_core import Metric
from starlette.routing import Route, WebSocketRoute

from read_api.authentication import Tokens
from read_api.compiler.engine import Engine
from read_api.graphiql import assets
from read_api.graphql.admission import Admission
from read_api.graphql.context import Services
from read_api.graphql.documents import Documents
from read_api.graphql.entities import KINDS
from read_api.graphql.execution import Schema
from read_api.graphql.limits import DEFAULT, Limits
from read_api.graphql.mutations import NAMES, entity_after
from read_api.graphql.router import GraphQLEndpoint
from read_api.graphql.schema import build_schema, graphql_core
from read_api.graphql.types.scalars import BigInt
from read_api.metrics import Metrics
from write_side.entrypoints.graphql import EntityField, mutation_type

CHECK_SECONDS = 2.0

Check = Callable[[], Awaitable[object]]


class ReadyState:
    """Whether the platform may be asked; told by whoever starts it."""

    def __init__(self) -> None:
        self.reason: str | None = "starting"
        """What is waited for; None once ready."""

    def waiting(self, reason: str) -> None:
        """Not ready, because of this."""
        self.reason = reason

    def done(self) -> None:
        """Ready."""
        self.reason = None


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What the application is made of."""

    engine: Callable[[Schema], Engine] | None
    """Made for the schema that it answers; without one Strawberry executes everything."""
    services: Services
    tokens: Tokens
    ready: ReadyState
    metrics: Metrics
    limits: Limits = DEFAULT
    checks: Mapping[str, Check] = {}
    """What /health asks of each part; raising means down."""
    meters: Callable[[], Awaitable[Sequence[Metric]]] | None = None
    """What /metrics tells beside the application's own."""


def schema_with(limits: Limits = DEFAULT) -> tuple[Schema, Admission]:
    """The schema with the mutations of the write side, and what is decided before anything of it is executed."""
    entities = {
        kind: EntityField(each.annotation, entity_after(kind), entity_after(kind, beside=True))
        for kind, each in KINDS.items()
    }
    mutation = mutation_type(entities=entities, names=NAMES, big_int=BigInt)
    schema = build_schema(mutation, lambda: admission)
    admission = Admission(Documents(graphql_core(schema), limits), limits)
    return schema, admission


def sdl() -> str:
    """The schema in GraphQL's own language, as schema.graphql holds it."""
    return schema_with()[0].as_str() + "\n"


def create_app(parts: Parts) -> FastAPI:
    """The ASGI application."""
    schema, admission = schema_with(parts.limits)
    app = FastAPI(title="eventcrm", openapi_url=None, docs_url=None, redoc_url=None)
    endpoint = GraphQLEndpoint(
        schema=schema,
        admission=admission,
        engine=None if parts.engine is None else parts.engine(schema),
        services=parts.services,
        tokens=parts.tokens,
        limits=parts.limits,
        metrics=parts.metrics,
    )
    app.router.routes += [Route("/graphql", endpoint), WebSocketRoute("/graphql", endpoint)]
    app.mount("/graphiql", assets())
    _add_probes(app, parts)
    return app


def _add_probes(app: FastAPI, parts: Parts) -> None:
    @app.get("/livez")
    async def livez() -> PlainTextResponse:
        return PlainTextResponse("alive\n")

    @app.get("/readyz")
    async def readyz() -> PlainTextResponse:
        reason = parts.ready.reason
        return PlainTextResponse("ready\n" if reason is None else f"not ready: {reason}\n", 503 if reason else 200)

    @app.get("/metrics")
    async def metrics() -> Response:
        others = () if parts.meters is None else await parts.meters()
        return Response(parts.metrics.page(others), media_type="text/plain; version=0.0.4; charset=utf-8")

    @app.get("/health")
    async def health() -> Response:
        answers = await asyncio.gather(*(_state_of(check) for check in parts.checks.values()))
        states = dict(zip(parts.checks, answers, strict=True))
        ok = all(state == "ok" for state in states.values())
        body = {"status": "ok" if ok else "degraded", "ready": parts.ready.reason is None, "parts": states}
        return Response(orjson.dumps(body), 200 if ok else 503, media_type="application/json")


async def _state_of(check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except Exception as error:  # noqa: BLE001 - whatever it is, the part does not answer
        return f"down: {type(error).__name__}"
    return "ok"
