"""The form in which text is compared when people search: case, accents, width and punctuation do not count.

Whoever writes what is searched and whoever searches it fold alike, so this is part of what they share.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from typing import Final, NamedTuple

MAX_WORD: Final = 60
"""Characters of a word that are compared; what goes beyond them does not count."""

_ASCII_WORD = re.compile(r"[0-9a-z]+")
_LEFT_OUT = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f"
    "\u00ad\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)
"""Marks that are often not written, of Latin, Greek, Cyrillic, Hebrew and Arabic; and what says how to lay text out.

The marks of other scripts are as good as letters.
"""
_SIMPLE: Final = str.maketrans(
    {
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ł": "l",
        "ħ": "h",
        "ŧ": "t",
        "\u0131": "i",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "ŋ": "n",
    }
)
"""Letters that Unicode does not take apart, as those write them who do not have them."""


_SPELLED: Final = [letter + digit for letter in "abcdefghijklmnopqrstuvwxyz" for digit in "0123456789"]


class Placed(NamedTuple):
    """A folded word, and for each of its characters the place in the text of the one that it comes from."""

    word: str
    places: tuple[int, ...]


def fold(text: str) -> str:
    """Without case, accents and compatibility forms; spaces and punctuation stay. Any text will do."""
    if text.isascii():
        return text.lower()
    return "".join(map(_folded, unicodedata.normalize("NFC", text)))


def words(text: str) -> list[str]:
    """The folded words in their order: runs of letters and digits; a symbol, such as an emoji, is a word alone."""
    if text.isascii():
        return [word[:MAX_WORD] for word in _ASCII_WORD.findall(text.lower())]
    return [placed.word for placed in placed_words(unicodedata.normalize("NFC", text))]


def placed_words(text: str) -> Iterator[Placed]:
    """The folded words of a text in NFC, with their places."""
    for sort, run in groupby(placed(text), key=lambda each: _sort(each[0])):
        if sort is None:
            continue
        letters, at = zip(*run, strict=True)
        if sort == "word":
            yield Placed("".join(letters)[:MAX_WORD], at[:MAX_WORD])
        else:
            yield from (Placed(letter, (place,)) for letter, place in zip(letters, at, strict=True))


def placed(text: str) -> list[tuple[str, int]]:
    """The characters of a folded text in NFC, each with the place of the one that it comes from."""
    return [(each, place) for place, character in enumerate(text) for each in _folded(character)]


def spelled(folded: str) -> str:
    """Folded text in ASCII, for indexes that take only that for letters: a letter and a digit for any other character.

    Two characters of one alphabet never have the same; two of different ones may.
    """
    if folded.isascii():
        return folded
    return "".join(each if each.isascii() else _SPELLED[ord(each) % len(_SPELLED)] for each in folded)


def digits(text: str) -> str:
    """The decimal digits of a text, as ASCII writes them."""
    return "".join(str(unicodedata.decimal(each)) for each in text if each.isdecimal())


@lru_cache(maxsize=10_000)
def _folded(character: str) -> str:
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    apart = unicodedata.normalize("NFKD", character.casefold())
    return unicodedata.normalize("NFKC", _LEFT_OUT.sub("", apart).translate(_SIMPLE)).casefold()


@lru_cache(maxsize=10_000)
def _sort(character: str) -> str | None:
    """``word`` for what words are made of, ``symbol`` for what is one alone, None for what stands between them."""
    category = unicodedata.category(character)
    if category[0] in "LNM":
        return "word"
    return "symbol" if category == "So" else None
