"""Which views there are, and which of them share sink, documents and watermark."""

from collections.abc import Mapping
from functools import cached_property
from typing import Generic, Protocol, TypeVar

from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from projections.changes import Change, VersionedChange
from projections.documents.document import Document
from projections.documents.registry import KINDS, Kind
from projections.views import (
    account_list,
    account_tree,
    activity_counts,
    activity_feed,
    activity_list,
    contact_list,
    deal_board,
    deal_stage_history,
    entity_card,
    entity_states,
    entity_timeline,
    feed_lines,
    lead_list,
    live_counters,
    pipeline_list,
    product_list,
    saved_view_list,
    search_documents,
    search_entries,
    team_list,
    user_list,
)

C = TypeVar("C")
C_co = TypeVar("C_co", covariant=True)


class View(Protocol[C_co]):
    """A read model: a module of projections.views. Its changes are of the type that its group's sink takes."""

    @property
    def NAME(self) -> str:  # noqa: N802  # a module's constant
        """What the view is called in dead letters and reports."""
        ...

    @property
    def VERSION(self) -> int:  # noqa: N802  # a module's constant
        """Raised when a rebuild would give other rows than before."""
        ...

    @property
    def TABLES(self) -> tuple[str, ...]:  # noqa: N802  # a module's constant
        """Where it writes; no other view does."""
        ...

    @property
    def READS(self) -> tuple[type[Document], ...]:  # noqa: N802  # a module's constant
        """Whose changes it wants to see."""
        ...

    def apply(self, recorded: Recorded[Event], before: Document | None, after: Document) -> tuple[C_co, ...]:
        """What one event, which turned ``before`` into ``after``, changes in the view. Pure."""
        ...


class ViewGroup(Generic[C]):
    """Views that move together: one sink, one set of documents, one watermark."""

    def __init__(self, name: str, *views: View[C]) -> None:
        self.name = name
        self.views = views

    @cached_property
    def readers(self) -> Mapping[type[Document], tuple[View[C], ...]]:
        """The views that want to see a kind of documents; a kind that none wants is not there."""
        wanted = {kind.document: tuple(v for v in self.views if kind.document in v.READS) for kind in KINDS.values()}
        return {document: views for document, views in wanted.items() if views}

    def shows(self, kind: Kind | None) -> bool:
        """Whether a view wants to see what a stream of this kind holds."""
        return kind is not None and kind.document in self.readers

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """Where the group writes."""
        return tuple(table for view in self.views for table in view.TABLES)


POSTGRES: ViewGroup[Change] = ViewGroup(
    "postgres",
    lead_list,
    contact_list,
    activity_list,
    activity_counts,
    saved_view_list,
    deal_board,
    deal_stage_history,
    account_list,
    account_tree,
    pipeline_list,
    product_list,
    team_list,
    user_list,
    entity_states,
    entity_timeline,
    search_entries,
    feed_lines,
)
# one group, not three: they are lost and found with the one store that holds them, and each event is folded once
CARDS: ViewGroup[VersionedChange] = ViewGroup("cards", entity_card, activity_feed, live_counters)
# for Elasticsearch, where there is one; PostgreSQL's own search is the view search_entries
SEARCH: ViewGroup[VersionedChange] = ViewGroup("search", search_documents)
