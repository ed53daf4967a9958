"""/graphql: what is asked by POST, over a websocket or as server-sent events; GraphiQL for a browser's GET.

A query is compiled to one SQL statement where that is possible; everything else is executed by Strawberry.
"""

import time
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import orjson
from cross_web import AsyncHTTPRequestAdapter, HTTPException, StarletteRequestAdapter
from graphql import GraphQLError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http import GraphQLRequestData
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types.unset import UNSET

from read_api.authentication import Tokens
from read_api.compiler.engine import Engine, NotCompiled
from read_api.errors import Code, Unauthenticated, bad_request, body, defect, presentable, status_of
from read_api.graphiql import page
from read_api.graphql.admission import Admission, NotAdmitted
from read_api.graphql.context import Connection, Services
from read_api.graphql.documents import Operation
from read_api.graphql.event_response import EventResponse
from read_api.graphql.execution import Schema
from read_api.graphql.limits import Limits
from read_api.graphql.requests import BadRequest, GraphQLRequest, read_request
from read_api.graphql.websocket import Handler, Socket, token_of
from read_api.metrics import Metrics

JSON = "application/json"
RESPONSE_JSON = "application/graphql-response+json"
EVENTS = "text/event-stream"


class Answer(NamedTuple):
    """A response's body and status, and what executed the operation."""

    content: bytes
    status: int
    path: str


class ReadRequest(StarletteRequestAdapter):
    """A request whose body has been read and understood."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.asked: GraphQLRequest = request.state.asked


class GraphQLEndpoint(GraphQL[Connection, None]):
    """The ASGI application of /graphql."""

    graphql_transport_ws_handler_class = Handler
    request_adapter_class = ReadRequest
    websocket_adapter_class = Socket

    def __init__(
        self,
        *,
        schema: Schema,
        admission: Admission,
        engine: Engine | None,
        services: Services,
        tokens: Tokens,
        limits: Limits,
        metrics: Metrics,
    ) -> None:
        super().__init__(
            schema,
            graphql_ide=None,
            allow_queries_via_get=False,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL),
        )
        self._admission = admission
        self._engine = engine
        self._services = services
        self._tokens = tokens
        self._limits = limits
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            with self._metrics.websockets.track_inprogress():
                await self.run(WebSocket(scope, receive=receive, send=send))
            return
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001 - logged under an id, and answered
            response = self._refusal(500, [defect(error)])
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        if request.method in ("GET", "HEAD"):
            return page()
        if request.method != "POST":
            error = bad_request("send operations by POST; a browser's GET shows GraphiQL")
            return self._refusal(405, [error], {"Allow": "GET, HEAD, POST"})
        try:
            identity = self._tokens.bearer(request.headers.get("authorization"))
            asked = await read_request(request, limit=self._limits.body)
        except Unauthenticated as error:
            return self._refusal(401, [error], {"WWW-Authenticate": "Bearer"})
        except BadRequest as error:
            return self._refusal(error.status, [error.error])
        connection = Connection(self._services, identity)
        accept = request.headers.get("accept", "")
        if EVENTS in accept:
            request.state.asked = asked
            return await self._stream(request, connection)
        answer = await self._answer(asked, connection)
        return Response(answer.content, answer.status, media_type=RESPONSE_JSON if RESPONSE_JSON in accept else JSON)

    async def _answer(self, asked: GraphQLRequest, connection: Connection) -> Answer:
        began = time.perf_counter()
        try:
            operation = self._admission.admit(asked.query, asked.variables or {}, asked.operation_name)
        except NotAdmitted as refused:
            return self._refused(refused.errors)
        if operation.kind == "subscription":
            where = f"a websocket ({GRAPHQL_TRANSPORT_WS_PROTOCOL}) or `Accept: {EVENTS}`"
            return self._refused([bad_request(f"subscribe over {where}")])
        answer = None
        if operation.kind == "query" and self._engine is not None:
            answer = await self._compiled(self._engine, operation, asked, connection)
        if answer is None:
            answer = await self._executed(asked, connection)
        self._metrics.operations.labels(operation.kind, answer.path).inc()
        self._metrics.seconds.labels(answer.path).observe(time.perf_counter() - began)
        return answer

    async def _compiled(
        self, engine: Engine, operation: Operation, asked: GraphQLRequest, connection: Connection
    ) -> Answer | None:
        """None when the query is not one that the engine compiles."""
        context = connection.open()
        variables = asked.variables or {}
        try:
            await context.consistency.wait_for_all(
                context.tenant, operation.read_after(variables), in_all_lanes=operation.asks_as_of(variables)
            )
            outcome = await engine.execute(operation.document, variables, asked.operation_name, context)
        except GraphQLError as error:
            return self._refused([error])
        except Exception as error:  # noqa: BLE001 - made presentable; defects are logged there
            return self._refused([GraphQLError(str(error), original_error=error)])
        finally:
            await context.close()
        if isinstance(outcome, NotCompiled):
            self._metrics.fallbacks.labels(outcome.reason).inc()
            return None
        return Answer(outcome, 200, "compiled")

    async def _executed(self, asked: GraphQLRequest, connection: Connection) -> Answer:
        result = await self.schema.execute(
            asked.query,
            variable_values=asked.variables,
            context_value=connection,
            operation_name=asked.operation_name,
        )
        if result.data is None and all(error.path is None for error in result.errors or ()):
            return self._refused(result.errors or ())
        errors = self._presentable(result.errors or ())
        content: dict[str, Any] = {"data": result.data}
        if errors:
            content["errors"] = [error.formatted for error in errors]
        return Answer(orjson.dumps(content), status_of(result.data, errors), "executed")

    def _refused(self, errors: Any) -> Answer:
        shown = self._presentable(errors)
        return Answer(orjson.dumps(body(shown)), status_of(None, shown), "refused")

    def _presentable(self, errors: Any) -> list[GraphQLError]:
        shown = [presentable(error) for error in errors]
        for error in shown:
            self._metrics.errors.labels((error.extensions or {}).get("code", Code.INTERNAL)).inc()
        return shown

    def _refusal(self, status: int, errors: list[Any], headers: Mapping[str, str] | None = None) -> Response:
        return Response(orjson.dumps(body(self._presentable(errors))), status, headers, media_type=JSON)

    async def _stream(self, request: Request, connection: Connection) -> Response:
        try:
            return await self.run(request, context=connection)
        except HTTPException as error:
            return self._refusal(error.status_code, [bad_request(error.reason)])

    async def _create_streaming_response(self, request: Any, result: Any, protocol: Any, sub_response: Any) -> Response:
        made: Any = await super()._create_streaming_response(request, result, protocol, sub_response)
        return EventResponse(made.body_iterator, result, made.headers)

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> GraphQLRequestData:
        """What was read already."""
        asked = cast("ReadRequest", request).asked
        return GraphQLRequestData(
            query=asked.query,
            variables=asked.variables,
            operation_name=asked.operation_name,
            extensions=asked.extensions,
            protocol="sse",
        )

    async def get_context(self, request: Request | WebSocket, response: Any) -> Connection:
        """A websocket's: who asks may be known from the handshake, else from its first message."""
        header = request.headers.get("authorization")
        try:
            return Connection(self._services, self._tokens.bearer(header) if header else None)
        except Unauthenticated:
            return Connection(self._services, None)

    async def on_ws_connect(self, context: Connection) -> Any:
        """Authenticate a websocket by the payload of its first message, where the handshake has not."""
        if context.identity is None:
            try:
                context.identity = self._tokens.bearer(token_of(context.connection_params or {}))
            except Unauthenticated as error:
                raise ConnectionRejectionError from error
        return UNSET

    def decode_json(self, data: str | bytes) -> object:
        """JSON by orjson, which refuses lone surrogates."""
        return orjson.loads(data)

    def encode_json(self, data: object) -> str:
        """As text: the protocols of subscriptions are made of text frames."""
        return orjson.dumps(data).decode()
