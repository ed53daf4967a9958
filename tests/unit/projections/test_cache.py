"""The cache of documents is bounded and forgets what it is told to."""

from event_schemas.streams import Position, StreamName
from projections.cache import DocumentCache
from projections.documents.document import Document
from projections.projecting import Ref
from tests.support.events import DEMO, some_id


def ref(number: int) -> Ref:
    """Whose document."""
    return DEMO, StreamName(f"deal-demo~{number}"), some_id(number)


def document(version: int) -> Document:
    """Any document."""
    return Document(version=version, position=Position(version))


def test_the_document_unchanged_for_longest_goes_first() -> None:
    """What changed again stays longer than what came after it."""
    cache = DocumentCache(2)
    cache.put({ref(1): document(1), ref(2): document(2)})
    cache.put({ref(1): document(3)})
    cache.put({ref(4): document(4)})
    assert cache.known([ref(1), ref(2), ref(4)]) == {ref(1): document(3), ref(4): document(4)}


def test_a_dropped_document_is_not_known() -> None:
    """The next batch loads it again."""
    cache = DocumentCache(2)
    cache.put({ref(1): document(1), ref(2): document(2)})
    cache.drop([ref(1), ref(9)])
    assert cache.known([ref(1), ref(2)]) == {ref(2): document(2)}
