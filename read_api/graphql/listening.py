"""What all subscriptions share: where they begin, and how long they wait."""

import asyncio
import re

from event_schemas.streams import Position
from read_api.errors import bad_request
from read_api.graphql.bells import Listener
from read_api.graphql.context import Context

_POSITION = re.compile(r"[0-9]{1,18}\Z", re.ASCII)


def position_of(text: str) -> Position:
    """Read the argument ``from``; raises an ApiError (BAD_REQUEST)."""
    if _POSITION.match(text) is None:
        raise bad_request("`from` is not a position: pass the `position` of the last item that you have seen")
    return Position(int(text))


def may_go_on(context: Context, listener: Listener) -> bool:
    """False once the token has expired, or the process stops."""
    return not listener.ended and context.clock() < context.identity.expires_at


async def rung(context: Context, listener: Listener) -> bool:
    """Wait for something new; False once the token has expired, or the process stops."""
    left = (context.identity.expires_at - context.clock()).total_seconds()
    try:
        async with asyncio.timeout(left):
            return await listener.rung()
    except TimeoutError:
        return False
