"""Random queries over a whole schema: a field, argument or filter that is added to it is asked for without a change."""

import json
import random
from typing import Any

from graphql import GraphQLField, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, get_named_type

from tests.support.read_values import Name, Values, plain
from tests.support.read_world import World

MAX_DEPTH = 7
BAD_CURSORS = ("", "zzz", "MXxkZWFscw", "né", "MXxkZWFsc3xOQU1FX0FTQ3wxfHwxfHg", "a\0b")
IGNORED = {"readAfter"}  # waited for before either path begins


class QueryWriter:
    """Writes one random operation."""

    def __init__(self, schema: GraphQLSchema, world: World, rng: random.Random) -> None:
        self._schema = schema
        self._world = world
        self._values = Values(schema, world, rng)
        self._rng = rng
        self._names = 0
        self._fragments: dict[str, str] = {}
        self._declared: list[str] = []
        self.variables: dict[str, Any] = {}

    def operation(self) -> str:
        """The document; ``variables`` are its variables then."""
        query = self._schema.query_type
        assert query is not None
        roots = [self._field("Query", name, query.fields[name], 0) for name in self._pick_roots(query)]
        head = (
            f"query Q({', '.join(self._declared)})" if self._declared else self._rng.choice(("", "query ", "query Q"))
        )
        return "\n".join([f"{head}{{{' '.join(roots)}}}", *self._fragments.values()])

    def _pick_roots(self, query: GraphQLObjectType) -> list[str]:
        names = [name for name in query.fields if name != "history"]
        return self._rng.choices(names, k=self._rng.choice((1, 1, 1, 2, 3)))

    def _chance(self, probability: float) -> bool:
        return self._rng.random() < probability

    def _name(self, prefix: str) -> str:
        self._names += 1
        return f"{prefix}{self._names}"

    def _selection(self, type_name: str, depth: int) -> str:
        fields = self._schema.get_type(type_name).fields  # type: ignore[union-attr] # only types with fields are asked
        leaves = [name for name, each in fields.items() if not isinstance(get_named_type(each.type), GraphQLObjectType)]
        inner = [name for name in fields if name not in leaves]
        chosen = self._rng.sample(leaves, min(len(leaves), self._rng.randint(1, 5))) if leaves else []
        if depth < MAX_DEPTH:
            chosen += self._rng.sample(inner, min(len(inner), self._rng.choice((0, 1, 1, 2)) or (0 if chosen else 1)))
        if not chosen or self._chance(0.1):
            chosen.append("__typename")
        self._rng.shuffle(chosen)
        return " ".join(self._wrapped(type_name, name, fields.get(name), depth) for name in chosen)

    def _wrapped(self, type_name: str, name: str, definition: GraphQLField | None, depth: int) -> str:
        text = self._field(type_name, name, definition, depth)
        if self._chance(0.06):
            return f"... {self._rng.choice(('', f'on {type_name}'))}{self._directive()}{{{text}}}"
        if self._chance(0.05):
            fragment = self._name("F")
            self._fragments[fragment] = f"fragment {fragment} on {type_name}{{{text}}}"
            return f"...{fragment}{self._directive()}" + (f" ...{fragment}" if self._chance(0.2) else "")
        return text

    def _directive(self) -> str:
        if not self._chance(0.06):
            return ""
        value = self._chance(0.5)
        written = self._variable("Boolean!", value) if self._chance(0.5) else str(value).lower()
        return f" @{self._rng.choice(('skip', 'include'))}(if:{written})"

    def _field(self, type_name: str, name: str, definition: GraphQLField | None, depth: int) -> str:
        if definition is None:
            return f"{self._name('t')}:{name}" if self._chance(0.3) else name
        arguments = self._arguments(type_name, name, definition, depth)
        alias = f"{self._name('a')}:" if arguments or self._chance(0.15) or type_name == "Query" else ""
        named = get_named_type(definition.type)
        below = f"{{{self._selection(named.name, depth + 1)}}}" if isinstance(named, GraphQLObjectType) else ""
        return f"{alias}{name}{arguments}{self._directive()}{below}"

    def _arguments(self, type_name: str, name: str, definition: GraphQLField, depth: int) -> str:
        listing = name if type_name == "Query" else f"{type_name}.{name}"
        sort, cursor = self._cursor(listing) if "after" in definition.args else (None, None)
        given: dict[str, Any] = {}
        for argument, declared in definition.args.items():
            if argument in IGNORED:
                continue
            if argument == "first":
                if depth or self._chance(0.8):
                    given[argument] = self._first(depth)
            elif argument == "after":
                if cursor is not None:
                    given[argument] = cursor
            elif argument == "sort" and sort is not None:
                given[argument] = Name(sort)
            elif isinstance(declared.type, GraphQLNonNull) or self._chance(0.35):
                given[argument] = self._values.value(declared.type, argument, name)
        types = {argument: declared.type for argument, declared in definition.args.items()}
        written = [f"{argument}:{self._written(types[argument], each)}" for argument, each in given.items()]
        return f"({', '.join(written)})" if written else ""

    def _first(self, depth: int) -> Any:
        if self._chance(0.015):
            return self._rng.choice((-1, 1001, 2**31 - 1))
        return self._rng.choice((0, 1, 2, 3)) if depth else self._rng.choice((0, 1, 2, 5, 20, 50, None))

    def _cursor(self, listing: str) -> tuple[str | None, str | None]:
        """A sort to ask for with a cursor; mostly they belong together."""
        if not self._chance(0.3):
            return None, None
        if self._chance(0.05):
            return None, self._rng.choice(BAD_CURSORS)
        known = self._world.cursors.get(listing if self._chance(0.97) else "deals", [])
        if not known:
            return None, None
        sort, cursor = self._rng.choice(known)
        return sort, cursor

    def _written(self, wrapped: Any, value: Any) -> str:
        return self._variable(str(wrapped), plain(value)) if self._chance(0.45) else self._literal(value)

    def _literal(self, value: Any) -> str:
        match value:
            case None | bool():
                return "null" if value is None else str(value).lower()
            case Name(text=text):
                return text
            case dict():
                fields = (f"{name}:{self._written(typed.type, typed.value)}" for name, typed in value.items())
                return f"{{{', '.join(fields)}}}"
            case list():
                return f"[{', '.join(self._literal(each) for each in value)}]"
            case _:
                return json.dumps(value)

    def _variable(self, type_text: str, value: Any) -> str:
        name = self._name("v")
        by_default = type_text in ("Int", "String", "Boolean", "ID") and value is not None and self._chance(0.15)
        self._declared.append(f"${name}:{type_text}" + (f" = {json.dumps(value)}" if by_default else ""))
        if not by_default and (value is not None or type_text.endswith("!") or self._chance(0.5)):
            self.variables[name] = value
        return f"${name}"
