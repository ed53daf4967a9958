"""Relay connections, of any node."""

from typing import Generic, TypeVar

import strawberry

from read_api.graphql.pages import Page

N = TypeVar("N")


@strawberry.type
class PageInfo:
    """Where a page stands in its list."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class Edge(Generic[N]):
    """A node in its place."""

    cursor: str
    node: N


async def _total_count(self: Page) -> int:
    return await self.total_count()


@strawberry.type
class Connection(Generic[N]):
    """A page of a list."""

    total_count: int = strawberry.field(resolver=_total_count, description="How many there are on all pages.")
    edges: list[Edge[N]]
    page_info: PageInfo
    position: str = strawberry.field(description="The position of the log as of which all of this is answered.")
