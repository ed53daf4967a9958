"""Marks what was found in the texts of a hit: as pieces, not as markup, so that nothing in a text passes for a mark."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from event_schemas.folding import Placed, placed, placed_words
from read_api.search import Highlight, Piece
from read_api.search_terms import SHORTEST_FORGIVEN, Terms

MOST = 5
"""Highlights of one hit."""
AROUND = 80
"""Characters that are shown before the first mark, and twice as many from there on, where a text is long."""

Near = Mapping[str, Sequence[str]]
"""For each word those near it that were searched too."""


def highlights(texts: Iterable[tuple[str, str]], terms: Terms, near: Near | None) -> tuple[Highlight, ...]:
    """The texts in which something was found, in their order; ``near`` is None when nothing was to be forgiven."""
    found = []
    for field, text in texts:
        composed = unicodedata.normalize("NFC", text)
        marks = frozenset(_marks(composed, terms, near))
        if marks:
            found.append(Highlight(field, _pieces(composed, marks)))
        if len(found) == MOST:
            break
    return tuple(found)


def _marks(text: str, terms: Terms, near: Near | None) -> Iterator[int]:
    """The places of all characters that were found."""
    for token in _tokens(text):
        yield from _of_token(token, terms, near)
    folded = placed(text)
    for piece in terms.pieces:
        yield from _within(piece, "".join(each for each, _ in folded), [place for _, place in folded])
    if terms.number:
        numerals = [(str(unicodedata.decimal(each)), place) for place, each in enumerate(text) if each.isdecimal()]
        yield from _within(terms.number, "".join(each for each, _ in numerals), [place for _, place in numerals])


def _tokens(text: str) -> Iterator[Placed]:
    """The words, and where two or three stand together without a space, the one that they make."""
    for is_joined, run in groupby(_with_gaps(text), key=lambda each: each is not None):
        together = [each for each in run if each is not None]
        yield from together
        if is_joined and 1 < len(together) <= 3:
            yield Placed("".join(each.word for each in together), sum((each.places for each in together), ()))


def _with_gaps(text: str) -> Iterator[Placed | None]:
    """The words, and None where a space is between two."""
    end = 0
    for token in placed_words(text):
        if any(each.isspace() for each in text[end : token.places[0]]):
            yield None
        yield token
        end = token.places[-1] + 1


def _of_token(token: Placed, terms: Terms, near: Near | None) -> Iterable[int]:
    for word in terms.words:
        if token.word == word or (len(word.encode()) > 1 and token.word.startswith(word)):
            return token.places[: len(word)]
    return () if near is None else _forgiven(token, terms, near)


def _forgiven(token: Placed, terms: Terms, near: Near) -> Iterable[int]:
    for word in terms.words:
        if token.word in near.get(word, ()):
            return token.places
    for word in terms.words:
        if len(word) >= SHORTEST_FORGIVEN and (at := token.word.find(word)) >= 0:
            return token.places[at : at + len(word)]
    return ()


def _within(piece: str, text: str, places: Sequence[int]) -> Iterator[int]:
    at = text.find(piece)
    if at >= 0:
        yield from range(places[at], places[at + len(piece) - 1] + 1)


def _pieces(text: str, marks: frozenset[int]) -> tuple[Piece, ...]:
    first = min(marks)
    begin = 0 if len(text) <= 3 * AROUND else max(0, first - AROUND)
    end = len(text) if len(text) <= 3 * AROUND else min(len(text), first + 2 * AROUND)
    runs = groupby(range(begin, end), key=lambda place: place in marks)
    return tuple(Piece("".join(text[place] for place in run), is_marked) for is_marked, run in runs)
