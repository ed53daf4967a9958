"""What can be found by its words, and what is there to be shown of it? For the search in PostgreSQL."""

from collections.abc import Iterator, Set
from typing import Final

from event_schemas.envelope import Recorded
from event_schemas.folding import spelled
from event_schemas.registry import Event
from event_schemas.streams import TenantId
from projections.changes import Change, Patch, Put, Row
from projections.documents.document import Document
from projections.documents.registry import KIND_NAMES
from projections.searchable import SEARCHED, belongs, columns, entry_of, near_words, said

NAME: Final = "search_entries"
VERSION: Final = 1
TABLES: Final = ("search_entries", "search_words")
READS: Final = SEARCHED

WORD_COLUMNS: Final = ("tenant", "word", "letters")


def apply(recorded: Recorded[Event], before: Document | None, after: Document) -> tuple[Change, ...]:
    """The entity's row; an event that changes nothing of what is searched leaves words and indexes alone."""
    if not isinstance(after, READS):
        return ()
    tenant = recorded.meta.tenant
    key = (tenant, KIND_NAMES[type(after)], after.id)
    moved: Row = {"version": after.version, "position": after.position}
    entry = entry_of(after)
    if before is None:
        tags: Row = {"tenant": tenant, "kind": key[1], "id": after.id, "born": after.position}
        return (Put("search_entries", key, tags | columns(entry) | moved), *_words(tenant, near_words(entry)))
    known = entry_of(before)
    words: Row = {} if (entry.name, entry.texts) == (known.name, known.texts) else said(entry)
    fresh = near_words(entry) - near_words(known) if words else frozenset[str]()
    moved_to: Row = {} if (found := belongs(entry)) == belongs(known) else found
    return (Patch("search_entries", key, words | moved_to | moved), *_words(tenant, fresh))


def _words(tenant: TenantId, found: Set[str]) -> Iterator[Put]:
    """Whichever entity is first to have a word: the row is the same, never changed, and never taken away."""
    for word in sorted(found):
        key = (tenant, word, spelled(word))
        yield Put("search_words", key, dict(zip(WORD_COLUMNS, key, strict=True)))
