"""How far a store is, lane by lane: entries of the index itself, so that a lost index has lost them too."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from event_schemas.streams import START, Position
from event_schemas.topics import LOG, Lane
from projections.sinks.elasticsearch_calls import Item, Operations, operation

ROUTING: Final = "lanes"
"""Of all notes. They have no tenant, so no search finds them."""


class _Note(NamedTuple):
    """How far the store is in a lane, and which write said so."""

    reached: Position
    seq_no: int
    primary_term: int


class Notes:
    """As one owner has read or written them last. They are written over those alone."""

    def __init__(self) -> None:
        self._known: dict[Lane, _Note] = {}

    def read(self, lanes: Collection[Lane], found: Iterable[Any]) -> Mapping[Lane, Position]:
        """What the store says; before the lanes were divided it said the same of all."""
        names = {note_id(lane): lane for lane in {*lanes, LOG}}
        self._known = {
            names[each["_id"]]: _Note(Position(each["_source"]["reached"]), each["_seq_no"], each["_primary_term"])
            for each in found
        }
        whole = self._reached(LOG)
        return {lane: self._known[lane].reached if lane in self._known else whole for lane in lanes}

    def furthest(self, until: Mapping[Lane, Position]) -> Mapping[Lane, Position]:
        """A store that is ahead stays ahead."""
        return {lane: max(new, self._reached(lane)) for lane, new in until.items()}

    def lines(self, reached: Mapping[Lane, Position]) -> Operations:
        """To be written in one request, and its answer told to ``wrote``."""
        lines: Operations = []
        for lane, position in reached.items():
            known = self._known.get(lane)
            expected: dict[str, Any] = (
                {"if_seq_no": known.seq_no, "if_primary_term": known.primary_term} if known else {"op_type": "create"}
            )
            lines += operation(note_id(lane), ROUTING, {"lane": str(lane), "reached": position}, **expected)
        return lines

    def wrote(self, reached: Mapping[Lane, Position], items: Sequence[Item]) -> None:
        """Remember those that were taken."""
        for (lane, position), item in zip(reached.items(), items, strict=True):
            if "error" not in item:
                self._known[lane] = _Note(position, item["_seq_no"], item["_primary_term"])

    def _reached(self, lane: Lane) -> Position:
        return self._known[lane].reached if lane in self._known else START


def note_id(lane: Lane) -> str:
    """Under which a lane's note is kept."""
    return f"reached/{lane}"
