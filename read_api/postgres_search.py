"""``Search`` on PostgreSQL: asks the functions of projections/migrations/0004_search.sql, in the caller's snapshot."""

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

import msgspec

from event_schemas.folding import spelled
from event_schemas.streams import Position
from read_api.as_of import Reader
from read_api.search import Answer, Hit, KindCount, Match, OwnerCount, Place, Question, StageCount
from read_api.search_highlights import highlights
from read_api.search_terms import SHORTEST_FORGIVEN, Terms, near, terms_of

LOOKED_AT = 2_000
"""Entities that are ranked and counted, of each way to be found and in all."""
ENOUGH = 20
"""Fewer hits than this, and pieces of words and typos are looked for too."""
CANDIDATES = 500
"""Words that resemble one that was asked for, among which those that are near it are chosen."""


class _Text(msgspec.Struct, frozen=True):
    field: str
    text: str


class _Found(msgspec.Struct, frozen=True):
    """A hit, as the statement says it."""

    kind: str
    id: UUID
    label: str
    match: Match
    rank: int
    name: str
    archived: bool
    merged_into_id: UUID | None
    texts: tuple[_Text, ...]


_hits = msgspec.json.Decoder(tuple[_Found, ...]).decode
_kinds = msgspec.json.Decoder(tuple[KindCount, ...]).decode
_owners = msgspec.json.Decoder(tuple[OwnerCount, ...]).decode
_stages = msgspec.json.Decoder(tuple[StageCount, ...]).decode

Near = dict[str, list[str]]


class PostgresSearch:
    """Reads in a transaction that is bound to the tenant."""

    def __init__(self, reader: Reader, *, looked_at: int = LOOKED_AT) -> None:
        self._reader = reader
        self._looked_at = looked_at

    async def find(self, question: Question) -> Answer:
        """The hits after a place; raises what asyncpg raises."""
        terms = terms_of(question.text)
        row, forgiven = await self._matching(question, terms, None), None
        if row["total"] < ENOUGH and any(len(spelled(word)) >= SHORTEST_FORGIVEN for word in terms.words):
            forgiven = await self._near(terms.forgivable)
            row = await self._matching(question, terms, forgiven)
        return self._answer(question, row, terms, forgiven)

    async def _matching(self, question: Question, terms: Terms, forgiven: Near | None) -> Any:
        after = question.after
        (row,) = await self._reader.fetch(
            _statement(),
            terms.phrase,
            terms.words,
            [spelled(word) for word in terms.words],
            [spelled(piece) for piece in terms.pieces],
            terms.number,
            None if forgiven is None else msgspec.json.encode(forgiven).decode(),
            question.kinds,
            question.owner,
            question.stage,
            None if after is None else after.until,
            self._looked_at,
            *((None, None, None, None) if after is None else (after.rank, after.label, after.kind, after.id)),
            question.first + 1,
        )
        return row

    async def _near(self, words: Sequence[str]) -> Near:
        if not words:
            return {}
        candidates: defaultdict[str, list[str]] = defaultdict(list)
        for row in await self._reader.fetch(_NEAR, words, [spelled(word) for word in words], CANDIDATES):
            candidates[row["meant"]].append(row["word"])
        return {word: near(word, found) for word, found in candidates.items()}

    def _answer(self, question: Question, row: Any, terms: Terms, forgiven: Near | None) -> Answer:
        until = row["reach"] if question.after is None else question.after.until
        found = _hits(row["hits"])
        return Answer(
            hits=[_hit(each, terms, forgiven, Position(until)) for each in found[: question.first]],
            has_more=len(found) > question.first,
            total=row["total"],
            capped=row["total"] >= self._looked_at,
            kinds=_kinds(row["kinds"]),
            owners=_owners(row["owners"]),
            stages=_stages(row["stages"]),
            position=row["position"],
            reach=row["reach"],
        )


_NEAR = "select meant, word from search_words_near($1::text[], $2::text[], $3::integer)"


@cache
def _statement() -> str:
    return files("read_api.queries").joinpath("search.sql").read_text(encoding="utf-8")


def _hit(found: _Found, terms: Terms, forgiven: Near | None, until: Position) -> Hit:
    return Hit(
        kind=found.kind,
        id=found.id,
        name=found.name,
        archived=found.archived,
        merged_into_id=found.merged_into_id,
        match=found.match,
        highlights=highlights(((each.field, each.text) for each in found.texts), terms, forgiven),
        place=Place(found.rank, found.label, found.kind, found.id, until),
    )
