"""What processes tell one another over Redis, so that nobody has to wait for a poll: names and messages. Pure.

A message is a hint, and may be lost, doubled or another platform's: who hears it asks the store, and believes that.
"""

from collections.abc import Mapping
from typing import Annotated, Final

import msgspec

from event_schemas.streams import Position
from event_schemas.topics import Lane

VIEWS: Final = "advanced"
LOG_GREW: Final = "appended"


class NoWake(ValueError):
    """The message is none of ours."""


def appended_channel(database: int) -> str:
    """Where it is told how long the log is now. Redis keeps its databases apart, but not its channels."""
    return f"crm:{database}:{LOG_GREW}"


def advanced_channel(database: int, group: str) -> str:
    """Where it is told how far the views of a group are."""
    return f"crm:{database}:{VIEWS}:{group}"


_Name = Annotated[str, msgspec.Meta(max_length=100)]
_Whole = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[tuple[_Name, _Whole, _Whole]]).decode


def encode_wake(reached: Mapping[Lane, Position]) -> bytes:
    """``[["deals.pipeline", 3, 17]]``: topic, partition, position."""
    return _encode([(*lane, position) for lane, position in reached.items()])


def decode_wake(message: bytes) -> Mapping[Lane, Position]:
    """Read a message; raises NoWake."""
    try:
        return {Lane(topic, partition): Position(position) for topic, partition, position in _decode(message)}
    except (ValueError, RecursionError) as error:
        raise NoWake(f"a message that is no wake: {error}") from error
