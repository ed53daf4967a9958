"""Summaries as the reference path makes them: rows with their groups' keys, counted and listed in Python."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from read_api.as_of import Moment, asked_by_cursor
from read_api.compiler.arguments import page_size
from read_api.compiler.sources import Entity, Listing, Sort
from read_api.cursors import decode
from read_api.graphql.loaders import moment_of, shared
from read_api.graphql.pages import Page, Query
from read_api.graphql.statement import Arguments

Names = tuple[str, ...]


class Entry(NamedTuple):
    """A row as a summary sees it."""

    row: Any
    key: Names
    weighted: int = 0


class Group(msgspec.Struct, frozen=True):
    """A group and its figures."""

    key: Names
    figures: Any


class Grouped:
    """The rows of a moment by dimensions. ``read`` gives them; ``figures`` makes what is said of a group, or of all."""

    def __init__(
        self,
        context: Any,
        moment: Moment,
        read: Callable[[Moment], Awaitable[list[Entry]]],
        figures: Callable[["Grouped", Names | None], Any],
    ) -> None:
        self._context = context
        self._moment = moment
        self._read = read
        self._figures = figures
        self._entries: dict[Moment, asyncio.Future[list[Entry]]] = {}
        self.totals = figures(self, None)

    @property
    def position(self) -> str:
        """As of which position."""
        return str(self._moment.position)

    async def groups(self) -> list[Group]:
        """Every group that has a row, in the order of the keys' code points; none without dimensions."""
        keys = {each.key for each in await self._all(self._moment)}
        return [Group(key, self._figures(self, key)) for key in sorted(keys) if key]

    async def entries(self, key: Names | None) -> list[Entry]:
        """The rows of a group, or of all."""
        return await self._of(key, self._moment)

    async def _of(self, key: Names | None, moment: Moment) -> list[Entry]:
        return [each for each in await self._all(moment) if key in (None, each.key)]

    async def _all(self, moment: Moment) -> list[Entry]:
        """Read once, though many figures ask."""
        if moment not in self._entries:
            self._entries[moment] = asyncio.ensure_future(self._read(moment))
        return await shared(self._entries[moment])

    async def behind(
        self, key: Names | None, belongs: Callable[[Any], bool], listing: Listing, first: int | None, after: str | None
    ) -> Page:
        """A page of a figure's rows, in the usual, descending order of the list; raises an ApiError."""
        sort = listing.sort(None)
        size = page_size(first)
        cursor = (
            decode(listing.name, sort.name, sort.key.type, after, nullable=sort.key.nullable)
            if after is not None
            else None
        )
        moment = self._moment
        if cursor is not None:
            moment = await moment_of(self._context, asked_by_cursor(cursor))
        chosen = [each.row for each in await self._of(key, moment) if belongs(each.row)]
        rows = sorted(chosen, key=lambda row: _place(row, sort), reverse=True)
        rest = [row for row in rows if cursor is None or _place(row, sort) < (cursor.key, cursor.id)]
        return Page(Query(listing, sort, size, (), cursor, moment), rest[: size + 1], _answer(len(rows)))


def _place(row: Any, sort: Sort) -> tuple[Any, UUID]:
    return row[sort.key.column], row["id"]


def _answer(value: int) -> Callable[[], Awaitable[int]]:
    async def answer() -> int:
        return value

    return answer


async def rows_of(context: Any, entity: Entity, moment: Moment, ids: Iterable[UUID | None]) -> Sequence[Any]:
    """Rows of these ids, the first state of what is not yet valid."""
    arguments = Arguments()
    relation = entity.relation(arguments.point(moment), early=True)
    wanted = arguments.add([each for each in set(ids) if each is not None], "uuid[]")
    rows: Sequence[Any] = await context.transaction.fetch(
        f"select * from {relation} i where i.id = any({wanted})", *arguments.values
    )
    return rows


async def by_id(context: Any, entity: Entity, moment: Moment, ids: Iterable[UUID | None]) -> dict[UUID, Any]:
    """The same, by id."""
    return {row["id"]: row for row in await rows_of(context, entity, moment, ids)}
