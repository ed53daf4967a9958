"""Objects: a row's columns, what it points at and what points at it, as JSON text."""

from dataclasses import dataclass, field

from graphql import FieldNode, GraphQLField, GraphQLNonNull, get_named_type

from read_api.compiler.connection import Nested, nested_pages
from read_api.compiler.errors import NotCompilable, Reason
from read_api.compiler.frame import Frame, MomentSql
from read_api.compiler.scalars import scalar_text
from read_api.compiler.sources import Col, DaysSince, Embed, Items, Many, One, Pages, Told
from read_api.compiler.text import Json, json_object, list_text


@dataclass
class Joins:
    """The joins of one FROM clause; the same relation of the same row is joined once."""

    clauses: list[str] = field(default_factory=list)
    known: dict[tuple[str, One], str] = field(default_factory=dict)

    def render(self) -> str:
        """What follows the first relation."""
        return " ".join(self.clauses)


@dataclass(frozen=True)
class Place:
    """A row in a statement: its alias, the FROM clause that it is in, and the moment at which it is read."""

    alias: str
    joins: Joins
    moment: MomentSql


def object_text(frame: Frame, type_name: str, nodes: list[FieldNode], place: Place) -> Json:
    """The selected fields of an entity's row."""
    fields = frame.object_type(type_name).fields
    members = []
    for key, same in frame.selections.below(nodes, type_name).items():
        name = same[0].name.value
        if name == "__typename":
            members.append((key, Json.constant(f'"{type_name}"')))
        else:
            members.append((key, _member(frame, type_name, fields, same, place)))
    return json_object(members)


def _member(
    frame: Frame, type_name: str, fields: dict[str, GraphQLField], nodes: list[FieldNode], place: Place
) -> Json:
    name = nodes[0].name.value
    declared = frame.declared(type_name, name)
    definition = fields[name]
    match declared.source:
        case Col():
            return Json.sql(scalar_text(f"{place.alias}.{declared.name}", definition.type))
        case Embed() as source:
            return _embedded(frame, source, definition, nodes, place)
        case DaysSince(column=column):
            return Json.sql(f"greatest(extract(day from {place.moment.at}-{place.alias}.{column})::int,0)::text")
        case Told(sql=sql):
            return Json.sql(scalar_text(f"({sql.format(row=place.alias, at=place.moment.at)})", definition.type))
        case Items() as source:
            return _items(frame, source, definition, nodes, place)
        case One() as source:
            return _one(frame, source, definition, nodes, place)
        case Many() as source:
            return _many(frame, source, definition, nodes, place)
        case Pages() as source:
            return nested_pages(frame, Nested(source, definition, nodes, place.alias, place.moment), row_text)
        case _:
            raise NotCompilable(Reason.RESOLVER)


def row_text(frame: Frame, type_name: str, nodes: list[FieldNode], alias: str, moment: MomentSql) -> tuple[Json, Joins]:
    """An object in a FROM clause of its own."""
    joins = Joins()
    return object_text(frame, type_name, nodes, Place(alias, joins, moment)), joins


def _embedded(frame: Frame, source: Embed, definition: GraphQLField, nodes: list[FieldNode], place: Place) -> Json:
    named = frame.object_type(get_named_type(definition.type).name)
    members = []
    for key, same in frame.selections.below(nodes, named.name).items():
        name = same[0].name.value
        if name == "__typename":
            members.append((key, Json.constant(f'"{named.name}"')))
        else:
            column = f"{place.alias}.{source.columns[name]}"
            members.append((key, Json.sql(scalar_text(column, named.fields[name].type))))
    text = json_object(members)
    first = f"{place.alias}.{next(iter(source.columns.values()))}"
    return Json.sql(_unless(f"{first} is null", text, definition))


def _unless(absent: str, text: Json, definition: GraphQLField) -> str:
    """A null that the type allows is 'null'; one that it does not makes the whole text null."""
    otherwise = "null" if isinstance(definition.type, GraphQLNonNull) else "'null'"
    return f"case when {absent} then {otherwise} else {text.render()} end"


def _one(frame: Frame, source: One, definition: GraphQLField, nodes: list[FieldNode], place: Place) -> Json:
    there = place.joins.known.get((place.alias, source))
    if there is None:
        there = place.joins.known[place.alias, source] = frame.statement.alias()
        place.joins.clauses.append(_join(source, there, place))
    type_name = get_named_type(definition.type).name
    text = object_text(frame, type_name, nodes, Place(there, place.joins, place.moment))
    return Json.sql(_unless(f"{there}.{source.key[0]} is null", text, definition))


def _join(source: One, there: str, place: Place) -> str:
    point = place.moment.point
    if point is not None and source.entity.one is not None:
        columns = {column: f"{place.alias}.{here}" for column, here in source.keys}
        return f"left join lateral {source.entity.one.format(p=point.p, t=point.t, **columns)} {there} on true"
    matches = " and ".join(f"{there}.{column}={place.alias}.{here}" for column, here in source.keys)
    return f"left join {source.entity.relation(point, early=True)} {there} on {matches}"


def _items(frame: Frame, source: Items, definition: GraphQLField, nodes: list[FieldNode], place: Place) -> Json:
    alias, rows = frame.statement.alias(), frame.statement.alias()
    text, joins = row_text(frame, get_named_type(definition.type).name, nodes, alias, place.moment)
    return Json.sql(
        f"(select {list_text(f'{rows}.j', f'{rows}.n')} from (select {text.render()} as j,{alias}.n"
        f" from {source.sql.format(row=place.alias)} {alias} {joins.render()}) {rows})"
    )


def _many(frame: Frame, source: Many, definition: GraphQLField, nodes: list[FieldNode], place: Place) -> Json:
    alias, rows = frame.statement.alias(), frame.statement.alias()
    text, joins = row_text(frame, get_named_type(definition.type).name, nodes, alias, place.moment)
    relation = source.entity.relation(place.moment.point, parent=f"{place.alias}.id")
    keys = ",".join(f"{alias}.{column} as k{n}" for n, column in enumerate(source.order))
    order = ",".join(f"{rows}.k{n}" for n in range(len(source.order)))
    return Json.sql(
        f"(select {list_text(f'{rows}.j', order)}"
        f" from (select {text.render()} as j,{keys} from {relation} {alias} {joins.render()}"
        f" where {alias}.{source.key}={place.alias}.id) {rows})"
    )
