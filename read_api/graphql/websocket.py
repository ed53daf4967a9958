"""graphql-transport-ws, hardened: a message that is not of the protocol's shape closes the socket, no more."""

from collections.abc import AsyncGenerator, Mapping
from typing import Annotated, Any

import msgspec
from starlette.websockets import WebSocketDisconnect, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import NonJsonMessageReceived, NonTextMessageReceived
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler
from strawberry.subscriptions.protocols.graphql_transport_ws.types import Message

from read_api.graphql.context import Connection

LONGEST_REASON = 120
"""Bytes that fit in a close frame."""
BAD_MESSAGE = 4400
TOO_BIG = 1009

_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class _Payload(msgspec.Struct, rename="camel"):
    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None


class _Subscribe(msgspec.Struct, tag="subscribe"):
    id: _Id
    payload: _Payload


class _Complete(msgspec.Struct, tag="complete"):
    id: _Id


class _Init(msgspec.Struct, tag="connection_init"):
    payload: dict[str, Any] | None = None


class _Ping(msgspec.Struct, tag="ping"):
    payload: dict[str, Any] | None = None


class _Pong(msgspec.Struct, tag="pong"):
    payload: dict[str, Any] | None = None


_Message = _Subscribe | _Complete | _Init | _Ping | _Pong


class Socket(ASGIWebSocketAdapter):
    """Text frames of a bounded size, and reasons that fit in a close frame."""

    limit = 1_000_000

    async def iter_json(self, *, ignore_parsing_errors: bool = False) -> AsyncGenerator[object, None]:
        """The messages, as they come in."""
        try:
            while self.ws.application_state != WebSocketState.DISCONNECTED:
                text = await self.ws.receive_text()
                if len(text) > self.limit:
                    await self.close(TOO_BIG, f"a message has more than {self.limit} characters")
                    return
                yield self._decoded(text)
        except KeyError as error:
            raise NonTextMessageReceived from error
        except WebSocketDisconnect:
            return

    def _decoded(self, text: str) -> object:
        try:
            return self.view.decode_json(text)
        except ValueError as error:
            raise NonJsonMessageReceived from error

    async def close(self, code: int, reason: str) -> None:
        """Close, unless the other side has."""
        if self.ws.application_state is not WebSocketState.DISCONNECTED:
            await super().close(code, reason.encode()[:LONGEST_REASON].decode(errors="ignore"))


class Handler(BaseGraphQLTransportWSHandler[Connection, None]):
    """Checks each message's shape before the protocol looks at it."""

    async def handle_message(self, message: Message) -> None:
        """Handle a message, or close the socket."""
        try:
            msgspec.convert(message, _Message)
        except msgspec.ValidationError as error:
            await self.handle_invalid_message(f"not a graphql-transport-ws message: {error}")
            return
        if message["type"] == "connection_init" and message.get("payload", {}) is None:
            message = {"type": "connection_init"}
        await super().handle_message(message)


def token_of(connection_params: Mapping[str, Any]) -> str | None:
    """The Authorization of a connection_init payload, whose key is written in either way."""
    for key in ("Authorization", "authorization"):
        if isinstance(value := connection_params.get(key), str):
            return value
    return None
