"""What a search text is read as, and which words are near one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from read_api.search_terms import MAX_NEAR, MAX_PIECES, MAX_TEXT, MAX_WORDS, Terms, near, terms_of


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", Terms("", (), (), None)),
        ("Ada  LOVELACE", Terms("ada lovelace", ("ada", "lovelace"), (), None)),
        ("ada Ada", Terms("ada ada", ("ada",), (), None)),
        ("Ada@Example.com", Terms("ada example com", (), ("ada@example.com",), None)),
        ("<Ádá@x.org>, Bo", Terms("ada x org bo", ("bo",), ("ada@x.org",), None)),
        ("a@b", Terms("a b", ("a", "b"), (), None)),
        ("@", Terms("", (), (), None)),
        ("(415) 555-01", Terms("415 555 01", ("415", "555", "01"), (), "41555501")),
        ("555", Terms("555", ("555",), (), None)),
        ("deal 41555", Terms("deal 41555", ("deal", "41555"), (), None)),
        ("\0a\ud800@bcd\u202e", Terms("a bcd", (), ("a@bcd",), None)),
    ],
)
def test_a_text_is_words_pieces_of_addresses_and_a_number(text: str, terms: Terms) -> None:
    """A part with an @ and three letters in a row is a piece; a number has no letters and four digits or more."""
    assert terms_of(text) == terms


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_any_text_is_read_as_what_can_be_stored(text: str) -> None:
    """No NUL, no half of a surrogate pair, no more than counts."""
    terms = terms_of(text)
    every = [terms.phrase, *terms.words, *terms.pieces, terms.number or ""]
    assert "\0" not in "".join(every)
    assert all(each.encode() is not None for each in every)
    assert len(terms.words) <= MAX_WORDS
    assert len(terms.pieces) <= MAX_PIECES
    assert "" not in (*terms.words, *terms.pieces)


def test_of_a_long_text_the_beginning_counts() -> None:
    """So that no text takes long to read."""
    assert terms_of("a " * MAX_TEXT + "b") == terms_of("a " * MAX_TEXT)
    assert len(terms_of(" ".join(f"w{number}" for number in range(50))).words) == MAX_WORDS
    assert len(terms_of("aaa@a bbb@b ccc@c").pieces) == MAX_PIECES
    assert terms_of("aaa@a bbb@b ccc@c").words == ("ccc", "c")


def test_near_words_are_an_edit_away_or_two() -> None:
    """One from a word of up to five letters, two from a longer one; a swap is one; the nearest first, never itself."""
    assert near("jonh", ["john", "jo", "johan", "jonh", "joan", "jonah", "jon"]) == ["john", "jon", "jonah"]
    assert near("smiht", ["smith", "smithe"]) == ["smith"]
    assert near("lovelase", ["lovelass", "lovlace", "lovelace", "lovell"]) == ["lovelace", "lovelass", "lovlace"]
    assert near("x", ["y", "z"]) == ["y", "z"]
    assert len(near("abcdef", [f"abcde{chr(97 + n)}" for n in range(26)])) == MAX_NEAR
