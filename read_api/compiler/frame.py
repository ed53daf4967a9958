"""What all parts of one statement share: its parameters, moments and aliases."""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema
from graphql.language import FieldNode

from read_api.as_of import TYPES, Asked, Question, parameters
from read_api.compiler.arguments import Value, Variables, arguments_of
from read_api.compiler.declarations import Declarations, Declared
from read_api.compiler.errors import NotCompilable, Reason
from read_api.compiler.selection import Selections
from read_api.compiler.sources import Point

NOW = " now"
"""The operation's time, among the variables: no GraphQL name has a space in it."""
USER = " user"
"""Who asks, likewise."""

_PIN = (
    "f.pin::text||'|'||case when f.t = 'infinity' then '' else (extract(epoch from f.t)*1000000)::bigint::text end"
    "||'|'||(extract(epoch from f.at)*1000000)::bigint::text as pin"
)


class Statement:
    """Text and parameters as they grow."""

    def __init__(self) -> None:
        self.parameters: list[Callable[[Variables], Any]] = []
        self.checks: list[Callable[[Variables], Any]] = []
        """Called when the statement is bound; raise an ApiError for what the resolvers will refuse."""
        self.moments: list[MomentSql] = []
        self.tables: list[tuple[str, str]] = []
        """Names and texts of further common table expressions, which may refer to the moments."""
        self._aliases = 0
        self._now: str | None = None
        self._user: str | None = None
        self._current: MomentSql | None = None

    def parameter(self, value: Value, kind: str) -> str:
        """The placeholder of a value of an SQL type."""
        self.parameters.append(value.get)
        return f"${len(self.parameters)}::{kind}"

    def now(self) -> str:
        """The operation's time; one parameter however often it is used."""
        if self._now is None:
            self._now = self.parameter(Value(lambda variables: variables[NOW], None), "timestamptz")
        return self._now

    def user(self) -> str:
        """Who asks; one parameter too."""
        if self._user is None:
            self._user = self.parameter(Value(lambda variables: variables[USER], None), "text")
        return self._user

    def alias(self) -> str:
        """A name that nothing else in the statement has."""
        self._aliases += 1
        return f"r{self._aliases}"

    def current(self) -> "MomentSql":
        """The moment of everything that is asked as it is now."""
        if self._current is None:
            self._current = MomentSql(self, Question.NOW, None)
            self.moments.append(self._current)
        return self._current

    def moment(self, question: Question, asked: Value) -> "MomentSql":
        """Another moment; ``asked`` gives the Asked."""
        if question is Question.NOW:
            return self.current()
        self.moments.append(MomentSql(self, question, asked))
        return self.moments[-1]


class MomentSql:
    """A moment of the statement: a row of a common table expression, which is there only when it is used."""

    def __init__(self, statement: Statement, question: Question, asked: Value | None) -> None:
        self._statement = statement
        self._question = question
        self._asked = asked
        self.name = statement.alias()
        self._definition: str | None = None
        if self.may_be_beyond:
            self._used()

    @property
    def may_be_beyond(self) -> bool:
        """Whether the position may turn out not to be there yet: then it is null."""
        return self._question in (Question.POSITION, Question.PINNED)

    @property
    def point(self) -> Point | None:
        """Where entity_states are asked; None when the tables of now answer."""
        if self._question is Question.NOW:
            return None
        name = self._used()
        return Point(f"{name}.p", f"{name}.t")

    @property
    def position(self) -> str:
        """The position, a bigint."""
        return f"{self._used()}.p"

    @property
    def pin(self) -> str:
        """The moment's part of a cursor."""
        return f"{self._used()}.pin"

    @property
    def at(self) -> str:
        """The instant from which ages count."""
        return self._statement.now() if self._question is Question.NOW else f"{self._used()}.at"

    @property
    def definition(self) -> tuple[str, str] | None:
        """Name and text of the common table expression, if it is used."""
        return None if self._definition is None else (self.name, self._definition)

    def _used(self) -> str:
        if self._definition is None:
            call = self._question.value.format(**{name: self._parameter(name) for name in parameters(self._question)})
            self._definition = f"select f.p, f.t, f.at, {_PIN} from {call} f"
        return self.name

    def _parameter(self, name: str) -> str:
        if name == "now" or self._asked is None:
            return self._statement.now()
        return self._statement.parameter(self._asked.map(lambda asked: _value_of(asked, name)), TYPES[name])


def _value_of(asked: Asked, name: str) -> Any:
    return asked.values[name]


class Frame:
    """One compilation: the schema, the declarations, the selected fields, and the statement being written."""

    def __init__(
        self, schema: GraphQLSchema, declarations: Declarations, selections: Selections, variables: Mapping[str, Any]
    ) -> None:
        self.schema = schema
        self.declarations = declarations
        self.selections = selections
        self.variables = variables
        self.statement = Statement()

    def object_type(self, name: str) -> GraphQLObjectType:
        """A type of the schema that is known to be an object."""
        found = self.schema.get_type(name)
        if not isinstance(found, GraphQLObjectType):
            raise NotCompilable(Reason.UNSUPPORTED)
        return found

    def arguments(self, field: GraphQLField, node: FieldNode) -> dict[str, Value]:
        """A field's arguments."""
        return arguments_of(field, node, self.variables)

    def declared(self, type_name: str, field_name: str) -> Declared:
        """A field's source; raises NotCompilable when it has none."""
        if (found := self.declarations.field(type_name, field_name)) is None:
            raise NotCompilable(Reason.INTROSPECTION if field_name.startswith("__") else Reason.RESOLVER)
        return found
