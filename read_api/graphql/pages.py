"""Pages of lists as the reference path reads them: one statement a list, or one for all parents of a nested list."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from strawberry.dataloader import DataLoader

from read_api.as_of import Moment, Reader
from read_api.compiler.sources import Filter, Listing, Sort, Standing
from read_api.cursors import Cursor, encode
from read_api.graphql.rows import Row
from read_api.graphql.statement import Arguments


class Edge(msgspec.Struct, frozen=True):
    """A row in its place."""

    cursor: str
    node: Row


class PageInfo(msgspec.Struct, frozen=True):
    """Where the page stands in its list."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


class Query(msgspec.Struct, frozen=True):
    """What is asked of a list."""

    listing: Listing
    sort: Sort
    first: int
    filters: Sequence[tuple[Filter, Any]]
    after: Cursor | None
    moment: Moment
    key: str | None = None
    """The column that holds the parent's id."""
    standing: Sequence[Standing] = ()
    user: str = ""
    """Who asks."""

    def rows(self, arguments: Arguments, parent: str = "") -> str:
        """SQL for the page's rows and one more."""
        matching = self._matching(arguments, parent)
        if self.after is not None:
            key = arguments.add(self.after.key, self.sort.key.type)
            identity = "" if self.sort.key.unique else arguments.add(self.after.id, "uuid")
            matching += f" and {self.sort.after('i', key, identity)}"
        return (
            f"select i.* {matching} order by {self.sort.order_by('i')} limit {arguments.add(self.first + 1, 'bigint')}"
        )

    def count(self, arguments: Arguments, parent: str = "") -> str:
        """SQL for the number of all rows of the list."""
        return f"select count(*) as n {self._matching(arguments, parent)}"

    def _matching(self, arguments: Arguments, parent: str) -> str:
        point = arguments.point(self.moment)
        conditions = [f"i.{self.key} = {parent}" if self.key is not None else "true"]
        conditions += [each.condition("i", arguments.add(value, each.type), point) for each, value in self.filters]
        conditions += [each.condition("i", lambda: arguments.add(self.user, "text")) for each in self.standing]
        return f"from {self.listing.entity.relation(point, parent=parent)} i where {' and '.join(conditions)}"


class Page:
    """Rows of a list from a place on; one row more than asked for tells that there are more."""

    def __init__(self, query: Query, records: Sequence[Any], count: Callable[[], Awaitable[int]]) -> None:
        self._query = query
        self.total_count = count
        self._has_more = len(records) > query.first
        self.edges = [self._edge(record) for record in records[: query.first]]

    def _edge(self, record: Any) -> Edge:
        query = self._query
        key = query.sort.key
        identity = None if key.unique else record["id"]
        place = Cursor(query.moment.pin, query.moment.occurred, query.moment.at, identity, record[key.column])
        return Edge(encode(query.listing.name, query.sort.name, key.type, place), Row(record, query.moment))

    @property
    def page_info(self) -> PageInfo:
        """First and last cursor, and what lies beyond them."""
        start, end = (self.edges[0].cursor, self.edges[-1].cursor) if self.edges else (None, None)
        return PageInfo(self._has_more, self._query.after is not None, start, end)

    @property
    def position(self) -> str:
        """As of which position all of this is answered."""
        return str(self._query.moment.position)


class Pager:
    """Loads one list, for as many parents as ask in one go; a root list has the parent None."""

    def __init__(self, query: Query, reader: Reader) -> None:
        self._query = query
        self._reader = reader
        self._counts: DataLoader[UUID | None, int] = DataLoader(load_fn=self._load_counts)
        self.pages: DataLoader[UUID | None, Page] = DataLoader(load_fn=self._load_pages)

    async def _load_pages(self, parents: list[UUID | None]) -> list[Page]:
        found = await self._by_parent(parents, self._query.rows)
        return [Page(self._query, found.get(each, ()), partial(self._count, each)) for each in parents]

    async def _load_counts(self, parents: list[UUID | None]) -> list[int]:
        found = await self._by_parent(parents, self._query.count)
        return [found[parent][0]["n"] for parent in parents]

    async def _count(self, parent: UUID | None) -> int:
        return await asyncio.shield(self._counts.load(parent))  # others may wait for it too

    async def _by_parent(
        self, parents: list[UUID | None], build: Callable[..., str]
    ) -> Mapping[UUID | None, Sequence[Any]]:
        arguments = Arguments()
        if self._query.key is None:
            sql = build(arguments)
            return {None: await self._reader.fetch(sql, *arguments.values)}
        ids = arguments.add(parents, "uuid[]")
        inner = build(arguments, "parent.parent_id")
        rows = await self._reader.fetch(
            f"select * from unnest({ids}) parent (parent_id) cross join lateral ({inner}) row",
            *arguments.values,
        )
        found: dict[UUID | None, list[Any]] = {}
        for row in rows:
            found.setdefault(row["parent_id"], []).append(row)
        return found
