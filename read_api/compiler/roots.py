"""Root fields: each becomes one column of the statement."""

from collections.abc import Mapping
from dataclasses import dataclass

from graphql import FieldNode, GraphQLField, GraphQLNonNull, get_named_type

from read_api.as_of import Question, asked_as_of
from read_api.compiler.arguments import Value, constant
from read_api.compiler.connection import Condition, asked_of, condition_of, moment_after, page_of
from read_api.compiler.declarations import Declared
from read_api.compiler.errors import NotCompilable, Reason
from read_api.compiler.forecast import forecast_text
from read_api.compiler.frame import Frame, MomentSql
from read_api.compiler.funnel import funnel_text
from read_api.compiler.objects import row_text
from read_api.compiler.paging import page_text
from read_api.compiler.sources import Filter, ForecastRoot, FunnelRoot, Pages, RootOne, Rows, TimelinePages
from read_api.compiler.text import Json, list_text
from read_api.values import parse_id

BROKEN = b"!"
"""Instead of an object: something is null in it that must not be."""


@dataclass(frozen=True)
class Root:
    """One root field of the answer."""

    key: str
    node: FieldNode
    """The first of those that have this key: where an error is."""
    text: str
    """SQL for the JSON text; null when nothing was found."""
    nullable: bool


def root_of(frame: Frame, key: str, nodes: list[FieldNode]) -> Root:
    """Compile a root field; raises NotCompilable, or an ApiError for arguments that will be refused."""
    query = frame.object_type("Query")
    name = nodes[0].name.value
    if name == "__typename":
        return Root(key, nodes[0], "'\"Query\"'", nullable=False)
    declared = frame.declared("Query", name)
    definition = query.fields[name]
    arguments = frame.arguments(definition, nodes[0])
    text = _text(frame, declared, definition, nodes, arguments)
    return Root(key, nodes[0], text, nullable=not isinstance(definition.type, GraphQLNonNull))


def _text(
    frame: Frame, declared: Declared, definition: GraphQLField, nodes: list[FieldNode], arguments: dict[str, Value]
) -> str:
    match declared.source:
        case RootOne() as source:
            return _entity(frame, source, definition, nodes, arguments)
        case Pages() as source:
            return _list(frame, source, definition, nodes, arguments).render()
        case TimelinePages() as source:
            return _timeline(frame, source, definition, nodes, arguments)
        case Rows() as source:
            return _rows(frame, source, definition, nodes, arguments)
        case FunnelRoot():
            return funnel_text(frame, definition, nodes, arguments, moment_of(frame, arguments), row_text)
        case ForecastRoot():
            return forecast_text(frame, definition, nodes, arguments, moment_of(frame, arguments), row_text)
        case _:
            raise NotCompilable(Reason.RESOLVER)


def moment_of(frame: Frame, arguments: dict[str, Value]) -> MomentSql:
    """The moment of the argument asOf; raises an ApiError."""
    asked = arguments.get("asOf", constant(None)).map(asked_as_of)
    question = asked_as_of(asked.sample).question
    if question is not Question.NOW:
        frame.statement.checks.append(asked.get)
    return frame.statement.moment(question, asked)


def _entity(
    frame: Frame, source: RootOne, definition: GraphQLField, nodes: list[FieldNode], arguments: dict[str, Value]
) -> str:
    moment = moment_of(frame, arguments)
    alias = frame.statement.alias()
    text, joins = row_text(frame, get_named_type(definition.type).name, nodes, alias, moment)
    wanted = frame.statement.parameter(arguments["id"].map(parse_id), "uuid")
    return (
        f"(select coalesce({text.render()},'{BROKEN.decode()}')"
        f" from {source.entity.relation(moment.point)} {alias} {joins.render()} where {alias}.id={wanted})"
    )


def _timeline(
    frame: Frame, source: TimelinePages, definition: GraphQLField, nodes: list[FieldNode], arguments: dict[str, Value]
) -> str:
    asked = asked_of(frame, source.listing, definition, arguments)
    wanted = frame.statement.parameter(arguments["id"].map(parse_id), "uuid")
    asked.conditions.append(lambda row, _: f"{row}.entity_id={wanted}")
    page = page_of(frame, source.listing, asked, moment_after(frame, asked, frame.statement.current()))
    text = page_text(frame, page, nodes, get_named_type(definition.type).name, row_text)
    return f"case when exists (select from entity_timeline where entity_id={wanted}) then {text.render()} end"


def _list(
    frame: Frame, source: Pages, definition: GraphQLField, nodes: list[FieldNode], arguments: dict[str, Value]
) -> Json:
    asked = asked_of(frame, source.listing, definition, arguments)
    asked.conditions.extend(_arguments(frame, source.arguments, arguments))
    if asked.after is None:
        moment = moment_of(frame, arguments)
    else:
        frame.statement.checks.append(arguments.get("asOf", constant(None)).map(asked_as_of).get)
        moment = moment_after(frame, asked, frame.statement.current())
    page = page_of(frame, source.listing, asked, moment)
    return page_text(frame, page, nodes, get_named_type(definition.type).name, row_text)


def _arguments(frame: Frame, filters: Mapping[str, Filter], arguments: dict[str, Value]) -> list[Condition]:
    return [
        condition_of(frame, each, arguments[name])
        for name, each in filters.items()
        if name in arguments and arguments[name].sample is not None
    ]


def _rows(
    frame: Frame, source: Rows, definition: GraphQLField, nodes: list[FieldNode], arguments: dict[str, Value]
) -> str:
    sent = {name: arguments[name] for name in source.arguments if name in arguments}
    frame.statement.checks.append(
        lambda variables: source.check({name: value.get(variables) for name, value in sent.items()})
    )
    alias, rows = frame.statement.alias(), frame.statement.alias()
    text, joins = row_text(frame, get_named_type(definition.type).name, nodes, alias, frame.statement.current())
    keys = ",".join(f"{alias}.{column} as k{n}" for n, column in enumerate(source.order))
    order = ",".join(f"{rows}.k{n}" for n in range(len(source.order)))
    conditions = [each(alias, None) for each in _arguments(frame, source.arguments, arguments)] or ["true"]
    return (
        f"(select {list_text(f'{rows}.j', order)} from (select {text.render()} as j,{keys}"
        f" from {source.entity.relation(None)} {alias} {joins.render()} where {' and '.join(conditions)}) {rows})"
    )
