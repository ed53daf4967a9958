"""The declared sources of a schema, by the names that queries use."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from graphql import GraphQLSchema

from read_api.compiler.sources import SOURCE, Filter, Source

_DEFINITION = "strawberry-definition"


class Declared(NamedTuple):
    """A field's source, and its Python name, which is its column's."""

    source: Source
    name: str


class Declarations:
    """Read off the Strawberry definitions that a schema's types carry."""

    def __init__(self, schema: Any) -> None:
        graphql: GraphQLSchema = schema._schema  # noqa: SLF001 - Strawberry has no public name for it
        self._convert = schema.config.name_converter
        self._fields: dict[str, Mapping[str, Any]] = {}
        for named in graphql.type_map.values():
            definition = (named.extensions or {}).get(_DEFINITION)
            if hasattr(definition, "fields"):
                self._fields[named.name] = dict(self._declared(definition))

    def _declared(self, definition: Any) -> Iterator[tuple[str, Declared]]:
        for field in definition.fields:
            if (source := field.metadata.get(SOURCE)) is not None:
                yield self._convert.get_graphql_name(field), Declared(source, field.python_name)

    def field(self, type_name: str, field_name: str) -> Declared | None:
        """The source of a field; None where a resolver of its own answers."""
        found: Declared | None = self._fields.get(type_name, {}).get(field_name)
        return found

    def filters(self, type_name: str) -> Mapping[str, Filter]:
        """The conditions of a filter type."""
        return {name: declared.source for name, declared in self._fields.get(type_name, {}).items()}
