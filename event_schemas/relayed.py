"""How far the relay is: the record of its checkpoint, which it goes on from and workers read along. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final

import msgspec

from event_schemas.streams import START, Position
from event_schemas.topics import Lane

KEY: Final = b"relay"
"""Of every checkpoint: compaction keeps the last one."""


class InvalidCheckpoint(ValueError):
    """The record is no checkpoint of the relay."""


class Relayed(msgspec.Struct, frozen=True):
    """What is published: all events up to ``position``, and in each lane up to that lane's last one."""

    position: Position = START
    lanes: Mapping[Lane, Position] = MappingProxyType({})
    """Position of the last event of each lane, the audit's too; a lane that is not here holds nothing yet."""

    def of(self, lane: Lane) -> Position:
        """Position of the last event published there; 0 when there is none."""
        return self.lanes.get(lane, START)


NOTHING: Final = Relayed()

_Whole = Annotated[int, msgspec.Meta(ge=0)]


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=False):
    position: _Whole
    lanes: dict[str, _Whole]


_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(_Record).decode


def encode_relayed(relayed: Relayed) -> bytes:
    """``{"position": 7, "lanes": {"deals.pipeline/3": 7}}``."""
    return _encode(_Record(relayed.position, {str(lane): position for lane, position in relayed.lanes.items()}))


def decode_relayed(value: bytes | None) -> Relayed:
    """Read a checkpoint's value; raises InvalidCheckpoint."""
    try:
        record = _decode(value or b"")
        lanes = {_lane(name): Position(position) for name, position in record.lanes.items()}
    except (ValueError, RecursionError) as error:
        raise InvalidCheckpoint(f"a record of relay.checkpoint that is no checkpoint: {error}") from error
    if max(lanes.values(), default=START) > record.position:
        raise InvalidCheckpoint("a checkpoint with a lane that is further than the checkpoint itself")
    return Relayed(Position(record.position), lanes)


def _lane(name: str) -> Lane:
    topic, _, partition = name.rpartition("/")
    if not topic or not (partition.isascii() and partition.isdigit()):
        raise ValueError(f"{name!r} is no topic/partition")
    return Lane(topic, int(partition))
