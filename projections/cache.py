"""The documents that a view group changed last, kept in the process."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping

from projections.documents.document import Document
from projections.projecting import Ref


class DocumentCache:
    """At most so many documents; the one unchanged for longest goes first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._documents: OrderedDict[Ref, Document] = OrderedDict()

    def known(self, refs: Iterable[Ref]) -> dict[Ref, Document]:
        """Those of the wanted documents that are here."""
        return {ref: self._documents[ref] for ref in refs if ref in self._documents}

    def put(self, documents: Mapping[Ref, Document]) -> None:
        """Remember the newest form of documents."""
        for ref, document in documents.items():
            self._documents[ref] = document
            self._documents.move_to_end(ref)
        while len(self._documents) > self._size:
            self._documents.popitem(last=False)

    def drop(self, refs: Iterable[Ref]) -> None:
        """Forget documents that somebody else may change."""
        for ref in refs:
            self._documents.pop(ref, None)
