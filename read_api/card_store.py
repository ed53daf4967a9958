"""How far the store of cards, feeds and counters is, which shares no transaction with the watermarks of its group.

What it notes of each lane says only whether it still has what it acknowledged; how far that is, the watermarks say.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from event_schemas.streams import START, Position
from event_schemas.topics import LOG

NOTE: Final = "view_group:cards"
"""The hash in which the projections note how far the store is: ``<topic>/<partition>`` -> position."""
_WHOLE: Final = str(LOG)


class CardsProgress(NamedTuple):
    """The group's watermarks, as PostgreSQL has them."""

    position: Position
    lanes: Mapping[str, Position]


class Held(NamedTuple):
    """What the store has."""

    position: Position
    """Everything up to here; START when it has lost something."""
    furthest: Position
    """Nothing of later."""


def held(note: Mapping[Any, Any], progress: CardsProgress) -> Held:
    """Of the note as Redis hands it out, read before anything else that it is to vouch for."""
    noted = {_text(name): int(value) for name, value in note.items() if _text(name) != "views"}
    furthest = Position(max(noted.values(), default=START))
    if progress.lanes.keys() <= {_WHOLE}:
        # followed in one lane: the note itself is how far the store is, and newer than what was asked of PostgreSQL
        position = Position(noted.get(_WHOLE, START))
        return Held(position, position)
    whole = all(noted.get(lane, START) >= watermark for lane, watermark in progress.lanes.items())
    return Held(progress.position if whole else START, furthest)


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name
