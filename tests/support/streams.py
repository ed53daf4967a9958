"""Subscriptions as clients hold them: over a websocket or as server-sent events, closed politely or cut off."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol

import websockets

from tests.support.api import Client

SECONDS = 60
NARROW = 16_384
"""Bytes that a client's socket holds unread: what is not read stays with the server soon."""


class Stream(Protocol):
    """One subscription of one connection."""

    async def item(self) -> Any:
        """The next answer, an execution result; None once the subscription is complete."""
        ...

    async def leave(self) -> None:
        """Close the connection as a well-behaved client does."""
        ...

    def abort(self) -> None:
        """Cut the connection off, as a client that dies does."""
        ...


async def _connected(port: int) -> socket.socket:
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW)
    narrow.setblocking(False)
    await asyncio.get_running_loop().sock_connect(narrow, ("127.0.0.1", port))
    return narrow


class WebsocketStream:
    """Over graphql-transport-ws."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self._connection = connection

    @classmethod
    async def open(
        cls, api: Client, query: str, variables: Mapping[str, Any], *, token: str | None = None
    ) -> "WebsocketStream":
        """Connect, say who asks, subscribe."""
        connection = await websockets.connect(
            f"ws://127.0.0.1:{api.port}/graphql",
            subprotocols=[websockets.Subprotocol("graphql-transport-ws")],
            sock=await _connected(api.port),
            open_timeout=SECONDS,
            max_queue=1,  # what is not asked for stays with the server
            close_timeout=0.5,  # the answer to a good-bye may stand behind it
        )
        payload = {"Authorization": f"Bearer {token or api.token()}"}
        await connection.send(json.dumps({"type": "connection_init", "payload": payload}))
        assert json.loads(await connection.recv())["type"] == "connection_ack"
        asked = {"query": query, "variables": variables}
        await connection.send(json.dumps({"type": "subscribe", "id": "1", "payload": asked}))
        return cls(connection)

    async def item(self) -> Any:
        """The payload of the next message."""
        async with asyncio.timeout(SECONDS):
            message = json.loads(await self._connection.recv())
        return None if message["type"] == "complete" else message["payload"]

    async def leave(self) -> None:
        """With a close frame."""
        await self._connection.close()

    def abort(self) -> None:
        """Without one."""
        self._connection.transport.abort()


class EventStream:
    """Server-sent events, over a socket of its own."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(
        cls, api: Client, query: str, variables: Mapping[str, Any], *, token: str | None = None
    ) -> "EventStream":
        """Send the request; the answer's head is read with its first event."""
        reader, writer = await asyncio.open_connection(sock=await _connected(api.port), limit=2**16)
        body = json.dumps({"query": query, "variables": variables}).encode()
        head = (
            "POST /graphql HTTP/1.1",
            "host: 127.0.0.1",
            f"authorization: Bearer {token or api.token()}",
            "accept: text/event-stream",
            "content-type: application/json",
            f"content-length: {len(body)}",
            "\r\n",
        )
        writer.write("\r\n".join(head).encode() + body)
        return cls(reader, writer)

    async def item(self) -> Any:
        """The data of the next event; heads of chunks and empty lines in between are passed over."""
        async with asyncio.timeout(SECONDS):
            while raw := await self._reader.readline():
                line = raw.strip()
                assert not line.startswith(b"HTTP/") or b" 200 " in line, line
                if line == b"event: complete":
                    return None
                if line.startswith(b"data: {"):
                    return json.loads(line.removeprefix(b"data: "))
        return None

    async def leave(self) -> None:
        """With the end of what is sent."""
        self._writer.close()
        await self._writer.wait_closed()

    def abort(self) -> None:
        """With a reset."""
        self._writer.transport.abort()


KINDS = (WebsocketStream, EventStream)


@asynccontextmanager
async def streaming(
    kind: type[WebsocketStream] | type[EventStream], api: Client, query: str, variables: Any = None, **how: Any
) -> AsyncIterator[Stream]:
    """A subscription, left politely."""
    stream = await kind.open(api, query, variables or {}, **how)
    try:
        yield stream
    finally:
        await stream.leave()
