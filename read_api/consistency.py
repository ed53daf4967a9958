"""Reading one's own writes: wait until the views have reached a consistency token."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from event_schemas.streams import START, InvalidStreamName, Position, StreamName, TenantId, parse_stream
from event_schemas.token import ConsistencyToken, InvalidToken, decode_token
from event_schemas.topics import LOG, Lane, lane_of
from read_api.errors import bad_request, read_stale
from read_api.watermarks import Watermarks

WAIT_SECONDS = 5.0
MAX_STREAMS = 100
"""Streams in one token: a command writes to one."""


class ParkedStreams(Protocol):
    """What the views could not apply."""

    async def __call__(self, tenant: TenantId, streams: Sequence[StreamName], until: Position, /) -> Sequence[str]:
        """Why events of these streams up to a position are parked; nothing when none is."""


class Consistency:
    """Waits for tokens."""

    def __init__(self, watermarks: Watermarks, parked: ParkedStreams, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self._watermarks = watermarks
        self._parked = parked
        self._wait_seconds = wait_seconds

    async def wait_for_all(self, tenant: TenantId, texts: Iterable[str], *, in_all_lanes: bool = False) -> None:
        """Wait for several tokens as clients send them; raises an ApiError (BAD_REQUEST, READ_STALE)."""
        written = [part for text in texts for part in _decoded(tenant, text).written]
        if written:
            await self.wait_for(tenant, ConsistencyToken(tuple(written)), in_all_lanes=in_all_lanes)

    async def wait_for(self, tenant: TenantId, token: ConsistencyToken, *, in_all_lanes: bool = False) -> None:
        """Wait until the views show what the token names; raises an ApiError (READ_STALE).

        ``in_all_lanes``: and until every lane is as far, which a question as of a moment needs: it is answered with
        what all lanes have. What is answered now only needs the lanes of what was written.
        """
        wanted = {LOG: token.position} if in_all_lanes else lanes_of(token)
        limit = asyncio.timeout(self._wait_seconds)
        try:
            async with limit:
                await self._watermarks.reached(wanted)
        except TimeoutError:
            if not limit.expired():  # the database's own, while asking how far the views are
                raise
            raise read_stale(
                f"the views have not reached the token within {self._wait_seconds:g} s: ask again, or without readAfter"
            ) from None
        if reasons := await self._parked(tenant, [stream for stream, _ in token.written], token.position):
            raise read_stale(f"the views cannot show this command's effect until it is repaired: {'; '.join(reasons)}")


def lanes_of(token: ConsistencyToken) -> Mapping[Lane, Position]:
    """What a token names, by the lanes in which its streams are read."""
    wanted: dict[Lane, Position] = {}
    for stream, position in token.written:
        lane = lane_of(stream)
        wanted[lane] = max(position, wanted.get(lane, START))
    return wanted


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
