"""The consistency token: streams and positions that a command wrote, for ``readAfter``."""

import base64
import binascii

import msgspec

from event_schemas.streams import Position, StreamName


class InvalidToken(ValueError):
    """The text is no consistency token of ours."""


class ConsistencyToken(msgspec.Struct, frozen=True):
    """What a reader must have seen: each stream up to a position of the log."""

    written: tuple[tuple[StreamName, Position], ...]

    @property
    def position(self) -> Position:
        """The furthest position in the token."""
        return max((position for _, position in self.written), default=Position(0))

    def encode(self) -> str:
        """As URL-safe text."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self.written)).decode().rstrip("=")


def decode_token(text: str) -> ConsistencyToken:
    """Read a token; raises InvalidToken."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        written = msgspec.json.decode(raw, type=tuple[tuple[str, int], ...])
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise InvalidToken("this is not a consistency token; pass one that a command returned") from error
    if any(not 0 < position < 2**63 for _, position in written):
        raise InvalidToken("the token names an impossible position; pass one that a command returned")
    return ConsistencyToken(tuple((StreamName(stream), Position(position)) for stream, position in written))
