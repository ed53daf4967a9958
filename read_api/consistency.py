"""Reading one's own writes: wait until the views have reached a consistency token."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol

from event_schemas.streams import START, InvalidStreamName, Position, StreamName, TenantId, parse_stream
from event_schemas.token import ConsistencyToken, InvalidToken, decode_token
from read_api.errors import bad_request, read_stale

WAIT_SECONDS = 5.0
POLL_SECONDS = 0.03
FIRST_POLL_SECONDS = 0.002
"""Views are mostly a few milliseconds behind: the first questions come soon, later ones less often."""
MAX_STREAMS = 100
"""Streams in one token: a command writes to one."""


class Watermark:
    """How far the views are. Told by projections of this process, and asked for only while somebody waits."""

    def __init__(self, read: Callable[[], Awaitable[Position]], *, poll_seconds: float = POLL_SECONDS) -> None:
        self._read = read
        self._poll_seconds = poll_seconds
        self._known = START
        self._waiters: dict[asyncio.Future[None], Position] = {}
        self._poller: asyncio.Task[None] | None = None

    def advanced(self, position: Position) -> None:
        """The views have reached a position; wakes who waits for it."""
        self._known = max(self._known, position)
        for waiter, wanted in self._waiters.items():
            if wanted <= self._known and not waiter.done():
                waiter.set_result(None)

    async def reached(self, position: Position) -> None:
        """Wait until the views have reached a position, without limit."""
        while self._known < position:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters[waiter] = position
            if self._poller is None:
                self._poller = asyncio.create_task(self._poll())
            try:
                await waiter
            finally:
                del self._waiters[waiter]

    async def close(self) -> None:
        """Stop asking."""
        if self._poller is not None:
            self._poller.cancel()
            await asyncio.wait([self._poller])

    async def _poll(self) -> None:
        pause = min(FIRST_POLL_SECONDS, self._poll_seconds)
        try:
            while self._waiters:
                self.advanced(await self._read())
                await asyncio.sleep(pause)
                pause = min(2 * pause, self._poll_seconds)
        except Exception as error:  # noqa: BLE001 - whoever waits gets it
            for waiter in self._waiters:
                if not waiter.done():
                    waiter.set_exception(error)
        finally:
            self._poller = None


class ParkedStreams(Protocol):
    """What the views could not apply."""

    async def __call__(self, tenant: TenantId, streams: Sequence[StreamName], until: Position, /) -> Sequence[str]:
        """Why events of these streams up to a position are parked; nothing when none is."""


class Consistency:
    """Waits for tokens."""

    def __init__(self, watermark: Watermark, parked: ParkedStreams, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self._watermark = watermark
        self._parked = parked
        self._wait_seconds = wait_seconds

    async def wait_for_all(self, tenant: TenantId, texts: Iterable[str]) -> None:
        """Wait for several tokens as clients send them; raises an ApiError (BAD_REQUEST, READ_STALE)."""
        written = [part for text in texts for part in _decoded(tenant, text).written]
        if written:
            await self.wait_for(tenant, ConsistencyToken(tuple(written)))

    async def wait_for(self, tenant: TenantId, token: ConsistencyToken) -> None:
        """Wait until the views show what the token names; raises an ApiError (READ_STALE)."""
        limit = asyncio.timeout(self._wait_seconds)
        try:
            async with limit:
                await self._watermark.reached(token.position)
        except TimeoutError:
            if not limit.expired():  # the database's own, while asking how far the views are
                raise
            raise read_stale(
                f"the views have not reached the token within {self._wait_seconds:g} s: ask again, or without readAfter"
            ) from None
        if reasons := await self._parked(tenant, [stream for stream, _ in token.written], token.position):
            raise read_stale(f"the views cannot show this command's effect until it is repaired: {'; '.join(reasons)}")


def _decoded(tenant: TenantId, text: str) -> ConsistencyToken:
    try:
        token = decode_token(text)
        owners = {parse_stream(stream).tenant for stream, _ in token.written}
    except (InvalidToken, InvalidStreamName):
        raise bad_request("readAfter is not a consistency token; pass one that a command returned") from None
    if owners - {tenant}:
        raise bad_request("readAfter is a token of another tenant; pass one that your own command returned")
    if len(token.written) > MAX_STREAMS:
        raise bad_request(f"readAfter names more than {MAX_STREAMS} streams; pass a token as a command returned it")
    return token
