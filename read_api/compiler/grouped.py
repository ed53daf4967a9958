"""Summaries as JSON text: position, totals and groups, and the rows behind a figure."""

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, TypeVar

from graphql import FieldNode, GraphQLField, get_named_type

from read_api.compiler.arguments import plain
from read_api.compiler.connection import Asked, after_text, asked_of, moment_after
from read_api.compiler.errors import NotCompilable, Reason
from read_api.compiler.frame import MomentSql
from read_api.compiler.paging import PageSql, page_text
from read_api.compiler.sources import FigurePages
from read_api.compiler.summary import Base, Summary
from read_api.compiler.text import Json, json_object, list_text, quoted
from read_api.errors import bad_request

D = TypeVar("D", bound=Enum)

Members = Callable[[Summary, list[FieldNode], str], Json]
"""One field of a group's figures, by the name of their type; raises NotCompilable."""


def dimensions_of(kind: type[D], names: Iterable[Any] | None) -> list[D]:
    """Read the argument ``groupBy``; raises an ApiError (BAD_REQUEST)."""
    found = [kind(plain(name)) for name in names or ()]
    if len(set(found)) < len(found):
        raise bad_request("groupBy names a dimension twice")
    return found


def grouped_text(
    base: Base, definition: GraphQLField, nodes: list[FieldNode], moment: MomentSql, member: Members
) -> str:
    """The root field's text; raises an ApiError."""
    type_name = get_named_type(definition.type).name
    fields = base.frame.object_type(type_name).fields
    members = []
    for key, same in base.frame.selections.below(nodes, type_name).items():
        match same[0].name.value:
            case "__typename":
                text = Json.constant(f'"{type_name}"')
            case "position":
                text = Json.sql(quoted(moment.position))
            case "totals" as name:
                text = _totals(base, same, moment, get_named_type(fields[name].type).name, member)
            case "groups" as name:
                text = _groups(base, same, moment, get_named_type(fields[name].type).name, member)
            case _:
                raise NotCompilable(Reason.RESOLVER)
        members.append((key, text))
    return json_object(members).render()


def _totals(base: Base, nodes: list[FieldNode], moment: MomentSql, type_name: str, member: Members) -> Json:
    summary = Summary(base, moment, base.frame.statement.alias(), grouped=False)
    text = _figures(summary, nodes, type_name, member).render()
    return Json.sql(f"(select {text} from {summary.source()})")


def _groups(base: Base, nodes: list[FieldNode], moment: MomentSql, type_name: str, member: Members) -> Json:
    summary = Summary(base, moment, base.frame.statement.alias(), grouped=True)
    members = []
    for key, same in base.frame.selections.below(nodes, type_name).items():
        match same[0].name.value:
            case "__typename":
                text = Json.constant(f'"{type_name}"')
            case "key":
                names = "||','||".join(f"to_json({summary.alias}.{each})::text" for each in summary.keys)
                text = Json.sql(f"'['||{names}||']'") if names else Json.constant("[]")
            case "figures" as name:
                figures = get_named_type(base.frame.object_type(type_name).fields[name].type).name
                text = _figures(summary, same, figures, member)
            case _:
                raise NotCompilable(Reason.RESOLVER)
        members.append((key, text))
    if not summary.keys:
        return Json.constant("[]")
    rows = base.frame.statement.alias()
    keys = ",".join(f"{summary.alias}.{key}" for key in summary.keys)
    order = ",".join(f'{rows}.{key} collate "C"' for key in summary.keys)
    return Json.sql(
        f"(select {list_text(f'{rows}.j', order)}"
        f" from (select {json_object(members).render()} as j,{keys} from {summary.source()}) {rows})"
    )


def _figures(summary: Summary, nodes: list[FieldNode], type_name: str, member: Members) -> Json:
    members = []
    for key, same in summary.base.frame.selections.below(nodes, type_name).items():
        if same[0].name.value == "__typename":
            members.append((key, Json.constant(f'"{type_name}"')))
        else:
            members.append((key, member(summary, same, type_name)))
    return json_object(members)


def behind(summary: Summary, nodes: list[FieldNode], type_name: str, condition: str = "") -> Json:
    """The connection of the rows behind a figure, a field of a type; ``condition`` is the figure's FILTER clause."""
    frame = summary.base.frame
    name = nodes[0].name.value
    definition = frame.object_type(type_name).fields[name]
    source = frame.declared(type_name, name).source
    if not isinstance(source, FigurePages):
        raise NotCompilable(Reason.RESOLVER)
    asked = asked_of(frame, source.listing, definition, frame.arguments(definition, nodes[0]))
    moment = moment_after(frame, asked, summary.moment)
    page = _page(source, asked, moment, summary.at(moment), condition)
    return page_text(frame, page, nodes, get_named_type(definition.type).name, summary.base.row_text)


def _page(source: FigurePages, asked: Asked, moment: MomentSql, summary: Summary, condition: str) -> PageSql:
    frame = summary.base.frame
    rest = condition
    if asked.after is not None:
        after = after_text(frame, asked.sort, asked.after, "b")
        rest = f"{condition[:-1]} and {after})" if condition else f" filter (where {after})"
    ids = summary.add(f"array_agg(b.id order by {asked.sort.order_by('b')}){rest}")
    count = summary.add(f"count(*){condition}")

    def rows(limit: int) -> str:
        place, row = frame.statement.alias(), frame.statement.alias()
        return (
            f"(select {row}.*,{place}.rank from unnest({ids}[1:{limit}]) with ordinality {place} (id,rank)"
            f" join {source.listing.entity.relation(moment.point)} {row} on {row}.id={place}.id)"
        )

    return PageSql(
        list_name=source.listing.name,
        sort_name=asked.sort.name,
        key=asked.sort.key,
        first=asked.first,
        continues=asked.after is not None,
        moment=moment,
        rows=rows,
        rank=lambda alias: f"{alias}.rank",
        count=lambda: f"coalesce({count},0)",
    )
