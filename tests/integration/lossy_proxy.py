"""A TCP proxy that loses what a server answers."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from urllib.parse import urlsplit


class LossyProxy:
    """Passes bytes on until it is told to lose a connection: then the client notices, and the server does not."""

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self._clients: set[asyncio.StreamWriter] = set()
        self._lost: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._loses_next = False

    def lose_next_answer(self) -> None:
        """When the server answers next, its answer and the client's side of that connection are lost."""
        self._loses_next = True

    def lose_clients(self) -> None:
        """The client's side of every connection, at once."""
        for client in tuple(self._clients):
            self._lose(client)

    @property
    def losses(self) -> int:
        """How many connections were lost so far."""
        return len(self._lost)

    async def accept(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        """Connect a client to the server."""
        answers, server = await asyncio.open_connection(*self._server)
        self._clients.add(client)
        self._pump(self._pass_requests(reader, client, server))
        self._pump(self._pass_answers(answers, client))

    async def close(self) -> None:
        """End all connections."""
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    def _lose(self, client: asyncio.StreamWriter) -> None:
        self._lost.add(client)
        client.transport.abort()

    def _pump(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._pumps.add(task)
        task.add_done_callback(self._pumps.discard)

    async def _pass_requests(
        self, reader: asyncio.StreamReader, client: asyncio.StreamWriter, server: asyncio.StreamWriter
    ) -> None:
        try:
            while data := await reader.read(65_536):
                server.write(data)
            self._clients.discard(client)
            if client in self._lost:
                await asyncio.Event().wait()  # until the proxy closes: the server is not told
        finally:
            server.close()

    async def _pass_answers(self, answers: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        try:
            while data := await answers.read(65_536):
                if self._loses_next:
                    self._loses_next = False
                    self._lose(client)
                if client not in self._lost:
                    client.write(data)
        finally:
            client.close()


@asynccontextmanager
async def lossy_proxy(url: str) -> AsyncIterator[tuple[LossyProxy, str]]:
    """A proxy before a server, and the server's URL by way of the proxy."""
    parts = urlsplit(url)
    proxy = LossyProxy((parts.hostname or "", parts.port or 0))
    listener = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    try:
        yield proxy, url.replace(f":{parts.port}/", f":{port}/")
    finally:
        listener.close()
        await proxy.close()
