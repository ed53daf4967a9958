"""A page of a list as JSON text: edges, page info, count and position, over whatever gives the page's rows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from graphql import FieldNode, get_named_type

from read_api.compiler.errors import NotCompilable, Reason
from read_api.compiler.frame import Frame, MomentSql
from read_api.compiler.scalars import date_text
from read_api.compiler.sources import SortKey
from read_api.compiler.text import Json, json_object, list_text, quoted
from read_api.cursors import FORMAT


class Rendered(Protocol):
    """The joins that a row's text needs."""

    def render(self) -> str:
        """What follows the first relation of its FROM clause."""


RowText = Callable[[Frame, str, list[FieldNode], str, MomentSql], tuple[Json, Rendered]]
"""Writes an object of a type at an alias, as of a moment."""


@dataclass(frozen=True)
class PageSql:
    """One page's parts in SQL."""

    list_name: str
    sort_name: str
    key: SortKey
    first: int
    continues: bool
    """Whether a cursor was given."""
    moment: MomentSql
    rows: Callable[[int], str]
    """A FROM item without its alias: at most so many rows, from the cursor on."""
    rank: Callable[[str], str]
    """What orders the rows of an alias, within an ORDER BY."""
    count: Callable[[], str]
    """The number of all rows of the list, a bigint."""

    def cursor(self, alias: str) -> str:
        """As read_api.cursors.encode."""
        key = f"{alias}.{self.key.column}"
        match self.key.type:
            case "timestamptz":
                printed = f"(extract(epoch from {key})*1000000)::bigint"
            case "date":
                printed = date_text(key)
            case _:
                printed = key
        if self.key.nullable:
            printed = f"coalesce(({printed})::text,'')"
        identity = "" if self.key.unique else f"||{alias}.id"
        plain = f"'{FORMAT}|{self.list_name}|{self.sort_name}|'||{self.moment.pin}||'|'{identity}||'|'||{printed}"
        return f"translate(encode(convert_to({plain},'UTF8'),'base64'),E'+/=\\n','-_')"


@dataclass
class _Columns:
    """What the page's subquery selects."""

    alias: str
    rows: str
    first: int
    texts: list[str] = field(default_factory=list)
    needs_next: bool = False

    def add(self, text: str) -> str:
        if text not in self.texts:
            self.texts.append(text)
        return f"{self.rows}.c{self.texts.index(text)}"

    @property
    def within(self) -> str:
        """Leaves out the row that only shows that there are more."""
        return f" filter (where {self.rows}.rn<={self.first})"

    def list_of(self, text: Json) -> Json:
        """All rows' texts as a JSON list; null when one of them is."""
        column = self.add(text.render())
        return Json.sql(list_text(column, f"{self.rows}.rn", self.within))

    def nth(self, text: str, *, last: bool) -> Json:
        """The first or last row's text as a JSON string, or null."""
        order = f"{self.rows}.rn{' desc' if last else ''}"
        value = f"(array_agg({self.add(text)} order by {order}){self.within})[1]"
        return Json.sql(f"coalesce({quoted(value)},'null')")


def page_text(frame: Frame, page: PageSql, nodes: list[FieldNode], type_name: str, row_text: RowText) -> Json:
    """A connection's selected fields; null when something is missing that must not be."""
    columns = _Columns(frame.statement.alias(), frame.statement.alias(), page.first)
    joins: list[Rendered] = []
    members = []
    for key, same in frame.selections.below(nodes, type_name).items():
        match same[0].name.value:
            case "__typename":
                text = Json.constant(f'"{type_name}"')
            case "totalCount":
                text = Json.sql(f"({page.count()})::text")
            case "position":
                text = Json.sql(quoted(page.moment.position))
            case "edges":
                text = columns.list_of(_edge(frame, page, same, type_name, columns.alias, row_text, joins))
            case "pageInfo":
                text = _page_info(frame, page, same, columns)
            case _:
                raise NotCompilable(Reason.RESOLVER)
        members.append((key, text))
    body = json_object(members).render()
    if not columns.texts and not columns.needs_next:
        return Json.sql(body)
    return Json.sql(f"(select {body} from ({_subquery(page, columns, joins)}) {columns.rows})")


def _subquery(page: PageSql, columns: _Columns, joins: list[Rendered]) -> str:
    alias = columns.alias
    selected = [f"{text} as c{n}" for n, text in enumerate(columns.texts)]
    selected.append(f"row_number() over (order by {page.rank(alias)}) as rn")
    limit = page.first + 1 if columns.needs_next else page.first
    return f"select {','.join(selected)} from {page.rows(limit)} {alias} {' '.join(each.render() for each in joins)}"


def _edge(
    frame: Frame,
    page: PageSql,
    nodes: list[FieldNode],
    connection: str,
    alias: str,
    row_text: RowText,
    joins: list[Rendered],
) -> Json:
    edge = get_named_type(frame.object_type(connection).fields["edges"].type).name
    members = []
    for key, same in frame.selections.below(nodes, edge).items():
        match same[0].name.value:
            case "__typename":
                text = Json.constant(f'"{edge}"')
            case "cursor":
                text = Json.sql(quoted(page.cursor(alias)))
            case "node":
                node = get_named_type(frame.object_type(edge).fields["node"].type).name
                text, needed = row_text(frame, node, same, alias, page.moment)
                joins.append(needed)
            case _:
                raise NotCompilable(Reason.RESOLVER)
        members.append((key, text))
    return json_object(members)


def _page_info(frame: Frame, page: PageSql, nodes: list[FieldNode], columns: _Columns) -> Json:
    members = []
    for key, same in frame.selections.below(nodes, "PageInfo").items():
        match same[0].name.value:
            case "__typename":
                text = Json.constant('"PageInfo"')
            case "hasPreviousPage":
                text = Json.constant("true" if page.continues else "false")
            case "hasNextPage":
                columns.needs_next = True
                text = Json.sql(f"(count(*)>{page.first})::text")
            case "startCursor":
                text = columns.nth(page.cursor(columns.alias), last=False)
            case "endCursor":
                text = columns.nth(page.cursor(columns.alias), last=True)
            case _:
                raise NotCompilable(Reason.RESOLVER)
        members.append((key, text))
    return json_object(members)
