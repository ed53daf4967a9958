"""Marks: exactly these pieces for these texts and terms."""

from hypothesis import given
from hypothesis import strategies as st

from read_api.search import Highlight, Piece
from read_api.search_highlights import AROUND, MOST, Near, highlights
from read_api.search_terms import terms_of


def shown(text: str, asked: str, near: Near | None = None) -> str:
    """The text with its marks in brackets; nothing when nothing is marked."""
    found = highlights([("name", text)], terms_of(asked), near)
    return "".join(f"[{piece.text}]" if piece.marked else piece.text for each in found for piece in each.pieces)


def test_words_are_marked_as_far_as_they_were_asked_for() -> None:
    """The beginning of a word, wherever the word is; a single letter only where it is a word."""
    assert shown("Ada Lovelace, Lovely", "lov ada") == "[Ada] [Lov]elace, [Lov]ely"
    assert shown("A Ada", "a") == "[A] Ada"
    assert shown("Zoë Straße", "zoe strass") == "[Zoë] [Straß]e"
    assert shown("e\u0301lise", "elise") == "[\u00e9lise]"
    assert shown("Ada", "bo") == ""


def test_joined_words_are_marked_together() -> None:
    """As they are found."""
    assert shown("Pat O'Brien", "obrien") == "Pat [O]'[Brien]"
    assert shown("Smith Jones", "smithjones") == ""


def test_pieces_of_addresses_and_numbers_are_marked() -> None:
    """A number with what groups its digits."""
    assert shown("ada.lovelace@example.com", "lace@exam") == "ada.love[lace@exam]ple.com"
    assert shown("+44 (20) 7946 0018", "207946") == "+44 ([20) 7946] 0018"


def test_what_was_forgiven_is_marked_only_when_something_was() -> None:
    """Near words whole, pieces of words as pieces."""
    assert shown("Ada Lovelace", "lovelase") == shown("Ada Lovelace", "velac") == ""
    assert shown("Ada Lovelace", "lovelase", {"lovelase": ["lovelace"]}) == "Ada [Lovelace]"
    assert shown("Ada Lovelace", "velac", {}) == "Ada Lo[velac]e"


def test_a_long_text_is_cut_around_the_first_mark() -> None:
    """A short one is not."""
    text = "x " * 500 + "needle" + " y" * 500
    (found,) = highlights([("body", text)], terms_of("needle"), None)
    joined = "".join(piece.text for piece in found.pieces)
    assert joined in text
    assert len(joined) == 3 * AROUND
    assert Piece("needle", marked=True) in found.pieces


def test_only_fields_with_a_mark_are_shown_and_only_some() -> None:
    """In the order in which they are given."""
    texts = [("a", "one"), ("b", "two"), ("c", "one")]
    assert [each.field for each in highlights(texts, terms_of("one"), None)] == ["a", "c"]
    assert len(highlights([("a", "one")] * 50, terms_of("one"), None)) == MOST


@given(st.text(max_size=200), st.text(max_size=20))
def test_the_pieces_are_the_text(text: str, asked: str) -> None:
    """Of any text and any question, in turns marked and not."""
    for near in (None, {"a": ["b"]}):
        for found in highlights([("name", text)], terms_of(asked), near):
            assert isinstance(found, Highlight)
            assert any(piece.marked for piece in found.pieces)
            assert all(piece.text for piece in found.pieces)
            assert all(one.marked is not two.marked for one, two in zip(found.pieces, found.pieces[1:], strict=False))
