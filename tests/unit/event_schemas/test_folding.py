"""Folding: what is the same to a search."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_schemas.folding import MAX_WORD, digits, fold, placed, placed_words, spelled, words

ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=()))  # halves of surrogate pairs too


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("Ada Lovelace", ["ada", "lovelace"]),
        ("O'Brien, j.smith@EX-am.com", ["o", "brien", "j", "smith", "ex", "am", "com"]),
        ("snake_case", ["snake", "case"]),
        ("Zoë Ångström-Łukasz", ["zoe", "angstrom", "lukasz"]),
        ("Straße İstanbul \u0131rmak", ["strasse", "istanbul", "irmak"]),
        ("\uff26\uff55\uff4c\uff4c ①②", ["full", "12"]),
        ("שָׁלוֹם عَرَبِيّ", ["שלום", "عربي"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("한국 がく", ["한국", "がく"]),
        ("🚀 Rocket👍🏽!", ["🚀", "rocket", "👍"]),
        ("٣٤٥", ["345"]),
        ("a\0b\ud800c\u202ed", ["a", "b", "cd"]),
        ("x" * 1_000, ["x" * MAX_WORD]),
    ],
)
def test_words_are_runs_of_folded_letters_and_digits(text: str, found: list[str]) -> None:
    """Of every script; symbols are words of their own."""
    assert words(text) == found


@given(ANY_TEXT)
def test_any_text_can_be_folded(text: str) -> None:
    """And a folded text is not folded any further: its words are the words of the text."""
    assert words(fold(text)) == words(text)
    assert [word for word in words(text) if not word or "/" in word or "=" in word or " " in word] == []


@given(ANY_TEXT)
def test_composed_or_not_is_the_same(text: str) -> None:
    """Whichever way a keyboard makes its accents."""
    assert words(unicodedata.normalize("NFD", text)) == words(text)


@given(ANY_TEXT)
def test_places_are_those_of_the_text(text: str) -> None:
    """What is at a place folds to what is said to come from it."""
    composed = unicodedata.normalize("NFC", text)
    assert all(folded in fold(composed[place]) for folded, place in placed(composed))
    assert [each.word for each in placed_words(composed)] == words(text)
    for each in placed_words(composed):
        assert len(each.places) == len(each.word)
        assert list(each.places) == sorted(each.places)


@given(ANY_TEXT)
def test_spelling_is_ascii_and_leaves_ascii_alone(text: str) -> None:
    """Letter by letter, so that a piece of a word is spelled as a piece of its spelling."""
    assert spelled(text).isascii()
    assert spelled(text) == "".join(each if each.isascii() else spelled(each) for each in text)


def test_the_letters_of_an_alphabet_are_spelled_apart() -> None:
    """Of Greek, Cyrillic, Hebrew, Arabic and Devanagari."""
    for first, last in ((0x370, 0x3FF), (0x400, 0x4FF), (0x590, 0x5FF), (0x600, 0x6FF), (0x900, 0x97F)):
        letters = [chr(each) for each in range(first, last + 1)]
        assert len({spelled(each) for each in letters}) == len(letters)


def test_digits_of_every_script_are_digits() -> None:
    """However they are grouped."""
    assert digits("+1 (415) 555-٠١٢٣") == "14155550123"
    assert digits("²½ none") == ""
