"""Searching over all kinds of entities: what can be asked, and what is answered, whoever does it."""

from collections.abc import Sequence
from enum import Enum
from typing import Protocol
from uuid import UUID

import msgspec

from event_schemas.streams import START, Position
from event_schemas.token import ConsistencyToken


class Match(Enum):
    """How a hit was found, the best way first."""

    EXACT = "exact"
    """The text is the whole name, e-mail address or phone number."""
    PREFIX = "prefix"
    """The name begins with the text."""
    WORD = "word"
    """Every word of the text is a word of the entity, or the beginning of one."""
    FRAGMENT = "fragment"
    """The text is a piece of an e-mail address or phone number, or a word of it is within another word."""
    TYPO = "typo"
    """A word is nearly what was asked for."""


class Place(msgspec.Struct, frozen=True):
    """Where a hit stands among all hits of a question; the next page begins after it."""

    rank: int
    label: str
    kind: str
    id: UUID
    until: Position
    """Entities that came into being later are on no page: what the first page did not know moves nothing."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked. Case, accents and punctuation do not count; any text will do, and only its beginning counts."""

    text: str
    kinds: tuple[str, ...] | None = None
    """None: all."""
    owner: UUID | None = None
    stage: UUID | None = None
    first: int = 20
    after: Place | None = None
    snapshot: str | None = None
    """As the answer to the page before says."""
    since: ConsistencyToken | None = None
    """What has to be seen. Whoever asks has waited for the tables; a search in another store waits for that one."""


class Piece(msgspec.Struct, frozen=True):
    """A part of a text as it is written, and whether it is what was found."""

    text: str
    marked: bool


class Highlight(msgspec.Struct, frozen=True):
    """Where something was found: the field's name as clients know it, and its text, or the part around the find."""

    field: str
    pieces: tuple[Piece, ...]


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """An entity that was found."""

    kind: str
    id: UUID
    name: str
    archived: bool
    merged_into_id: UUID | None
    match: Match
    highlights: tuple[Highlight, ...]
    place: Place


class KindCount(msgspec.Struct, frozen=True):
    """How many hits are of a kind."""

    kind: str
    count: int


class OwnerCount(msgspec.Struct, frozen=True):
    """How many hits are a user's."""

    owner_id: UUID
    count: int


class StageCount(msgspec.Struct, frozen=True):
    """How many hits are in a stage of a pipeline."""

    pipeline_id: UUID
    stage_id: UUID
    count: int


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A page of hits, and what all pages together hold."""

    hits: Sequence[Hit]
    has_more: bool
    total: int
    capped: bool
    """There may be more than were looked at; total and counts are of those that were, the best by name among them."""
    kinds: Sequence[KindCount]
    owners: Sequence[OwnerCount]
    stages: Sequence[StageCount]
    position: Position
    """Of the log, as of which this is answered."""
    reach: Position = START
    """Of the log, after which nothing is in it; START where that is no later than ``position``."""
    snapshot: str | None = None
    """What the store knows this moment by, for a while: the next page may ask for it. Places say enough without."""


class SearchUnavailable(ConnectionError):
    """The store that is searched cannot be reached, or cannot work now."""


class Search(Protocol):
    """Searches one tenant's entities.

    Hits come by how they were found, those whose name has all the words before others, then by name. What is archived
    or was merged into another comes after all that is not. Typos are forgiven, and pieces of words found, when little
    is found without.
    """

    async def find(self, question: Question) -> Answer:
        """The hits after a place."""
        ...
