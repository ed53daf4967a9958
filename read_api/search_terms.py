"""What a search text says: words, pieces of e-mail addresses, a phone number. Pure."""

import re
from collections.abc import Iterable

import msgspec
from rapidfuzz.distance import OSA

from event_schemas.folding import digits, fold, words

MAX_TEXT = 500
MAX_WORDS = 8
MAX_PIECES = 2
MAX_NEAR = 20
SHORTEST_NUMBER = 4
SHORTEST_FORGIVEN = 3

_DIGIT = re.compile(r"\d")
_PIECE = re.compile(r"[^\W_]{3}")
_AROUND = "<>()[]{},;:\"'"


class Terms(msgspec.Struct, frozen=True):
    """What has to be found."""

    phrase: str
    """The folded words of all of it, one space between two."""
    words: tuple[str, ...]
    pieces: tuple[str, ...]
    """Folded, with their punctuation; each holds an @."""
    number: str | None
    """Enough by itself."""

    @property
    def forgivable(self) -> list[str]:
        """The words in which a typo would be forgiven."""
        return [word for word in self.words if len(word) >= SHORTEST_FORGIVEN and _DIGIT.search(word) is None]


def terms_of(text: str) -> Terms:
    """Read a text, of which the beginning counts: so many characters, words and pieces."""
    text = text[:MAX_TEXT]
    found: dict[str, None] = {}
    pieces: list[str] = []
    for part in text.split():
        piece = "".join(each for each in fold(part) if each.isprintable()).strip(_AROUND)
        if "@" in piece and _PIECE.search(piece) and len(pieces) < MAX_PIECES:
            pieces.append(piece)
        else:
            found.update(dict.fromkeys(words(part)))
    return Terms(" ".join(words(text)), tuple(found)[:MAX_WORDS], tuple(pieces), _number(text))


def near(word: str, candidates: Iterable[str]) -> list[str]:
    """What a word may have been meant to be: one edit from a short word, two from a longer one; the nearest first."""
    most = 1 if len(word) < 6 else 2
    distances = ((OSA.distance(word, each, score_cutoff=most), each) for each in candidates if each != word)
    return [each for distance, each in sorted(distances) if distance <= most][:MAX_NEAR]


def _number(text: str) -> str | None:
    """The digits of what may be part of a phone number."""
    found = digits(text)
    return found if len(found) >= SHORTEST_NUMBER and not any(each.isalpha() for each in text) else None
