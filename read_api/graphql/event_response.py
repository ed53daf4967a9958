"""Server-sent events as an ASGI response that leaves nothing behind, whichever side ends it, and wherever it waits.

A response of Starlette leaves the generators that feed it to the garbage collector: a subscription whose client does
not read, and then goes away, would listen on until it runs.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class EventResponse(Response):
    """Sends texts as they come; none is asked for before the one at hand is sent."""

    def __init__(
        self, texts: AsyncGenerator[str, None], source: AsyncGenerator[Any, None], headers: Mapping[str, str]
    ) -> None:
        """``texts`` are made of what ``source`` yields; both are closed at the end."""
        super().__init__(headers=dict(headers))
        del self.headers["content-length"]  # nobody knows it
        self._texts = texts
        self._source = source

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the texts end, or the client is gone."""
        sending = asyncio.create_task(self._send(send))
        gone = asyncio.create_task(_disconnected(receive))
        try:
            await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, gone):
                task.cancel()
            await asyncio.wait({sending, gone})
            await self._texts.aclose()
            await self._source.aclose()
        if not sending.cancelled():
            sending.result()

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for text in self._texts:
            await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
