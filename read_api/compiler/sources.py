"""Where fields come from: declared once beside each Strawberry field, for the compiler and the resolvers alike.

Declarations are SQL of our own, checked by no one but the tests; nothing that a client sends ever becomes part of one.
In templates ``{row}`` is the alias of the row that the source belongs to, ``{p}`` and ``{t}`` are the moment, and
``{value}`` is a parameter; ``{at}`` is the instant from which ages count, ``{user}`` who asks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

SOURCE = "source"
"""The key of a declaration in a Strawberry field's metadata."""


@dataclass(frozen=True)
class Point:
    """SQL for the moment at which entity_states are asked."""

    p: str
    t: str


@dataclass(frozen=True)
class Entity:
    """A relation that can be asked as it is now and as of a moment, with the same columns."""

    now: str
    as_of: str
    """``{early}`` is whether what is not yet valid answers with its first state, ``{parent}`` the id of the row
    that it is asked for."""
    one: str | None = None
    """As of a moment, a single row by the columns of ``One.keys``, where that is cheaper than ``as_of``."""

    def relation(self, moment: Point | None, *, early: bool = False, parent: str = "") -> str:
        """The FROM item; no moment means now."""
        if moment is None:
            return self.now
        return self.as_of.format(p=moment.p, t=moment.t, early="true" if early else "false", parent=parent)


@dataclass(frozen=True)
class Col:
    """The column of the row that is named as the Python field."""


@dataclass(frozen=True)
class Embed:
    """An object made of columns of the same row; null when its first column is."""

    columns: Mapping[str, str]
    """Field -> column."""


@dataclass(frozen=True)
class DaysSince:
    """Whole days from the column's instant to the moment; never negative."""

    column: str


@dataclass(frozen=True)
class Told:
    """What SQL tells of the row."""

    sql: str


@dataclass(frozen=True)
class Items:
    """Objects that a JSON column of the row lists, in its order."""

    sql: str
    """A FROM item of a row for each, with its number ``n``."""


@dataclass(frozen=True)
class One:
    """The row that this row points at."""

    entity: Entity
    keys: tuple[tuple[str, str], ...]
    """Column there, column here; together they name one row, and the first is null where there is none."""

    @property
    def key(self) -> tuple[str, str]:
        """Column there, column here."""
        return self.keys[0]


@dataclass(frozen=True)
class Many:
    """All rows that point at this row, a handful, in a fixed order."""

    entity: Entity
    key: str
    """The column there that holds this row's id."""
    order: tuple[str, ...]


@dataclass(frozen=True)
class SortKey:
    """A column to sort by; the id decides between equals."""

    column: str
    type: str
    """SQL type: text, bigint, date or timestamptz."""
    nullable: bool = False
    """Nulls come last in both directions."""
    unique: bool = False
    """There are no equals, and there need be no id."""


@dataclass(frozen=True)
class Filter:
    """A condition; an argument that is null or absent sets none."""

    sql: str
    type: str
    """SQL type of the parameter."""
    parse: Callable[[Any], Any] | None = None
    """From the GraphQL value to the parameter; raises an ApiError."""
    as_of: str | None = None
    """Where the condition looks at other rows: the same as of a moment."""

    def parameter(self, value: Any) -> Any:
        """The parameter for a GraphQL value; raises an ApiError."""
        plain = value.value if isinstance(value, Enum) else value
        return plain if self.parse is None else self.parse(plain)

    def condition(self, row: str, value: str, moment: Point | None) -> str:
        """SQL for one row and parameter."""
        if moment is None or self.as_of is None:
            return self.sql.format(row=row, value=value)
        return self.as_of.format(row=row, value=value, p=moment.p, t=moment.t)


@dataclass(frozen=True)
class Standing:
    """A condition that holds of itself, unless certain filters are asked for."""

    sql: str
    lifted_by: frozenset[str] = frozenset()
    """Python names of filters; true, or any value that is no truth, lifts it."""

    def holds(self, given: Callable[[str], Any]) -> bool:
        """Whether it does, beside the filters that were sent; ``given`` is what was sent for one, None for nothing."""
        return all(given(name) in (None, False) for name in self.lifted_by)

    def condition(self, row: str, user: Callable[[], str]) -> str:
        """SQL for one row; ``user`` gives the placeholder of who asks."""
        return self.sql.format(row=row, user=user() if "{user}" in self.sql else "")


@dataclass(frozen=True)
class Listing:
    """A list of entities and what can be asked of it."""

    name: str
    """In cursors."""
    entity: Entity
    sorts: Mapping[str, SortKey]
    """Names of the sort enum end in _ASC or _DESC."""
    default_sort: str
    filters: Mapping[str, Filter] = field(default_factory=dict)
    """By the Python name of the filter type's field."""
    standing: tuple[Standing, ...] = ()

    def sort(self, name: str | None) -> "Sort":
        """The sort of an enum's name, or the usual one."""
        name = name or self.default_sort
        column, _, direction = name.rpartition("_")
        return Sort(name, self.sorts[column], direction == "DESC")


@dataclass(frozen=True)
class Sort:
    """A sort key with its direction."""

    name: str
    key: SortKey
    descending: bool

    def order_by(self, row: str) -> str:
        """The ORDER BY of rows of an alias."""
        direction = " desc" if self.descending else ""
        nulls = " nulls last" if self.key.nullable else ""
        identity = "" if self.key.unique else f", {row}.id{direction}"
        return f"{row}.{self.key.column}{direction}{nulls}{identity}"

    def after(self, row: str, key: str, identity: str) -> str:
        """Whether a row comes after the one with these key and id."""
        column, beyond = f"{row}.{self.key.column}", "<" if self.descending else ">"
        if self.key.unique:
            return f"{column} {beyond} {key}"
        if not self.key.nullable:
            return f"({column}, {row}.id) {beyond} ({key}, {identity})"
        return (
            f"({key} is null and {column} is null and {row}.id {beyond} {identity} or {key} is not null"
            f" and ({column} is null or ({column}, {row}.id) {beyond} ({key}, {identity})))"
        )


@dataclass(frozen=True)
class RootOne:
    """The entity of an id; NOT_FOUND when there is none."""

    entity: Entity


@dataclass(frozen=True)
class Pages:
    """A Relay connection: a root, or below a row the rows that point at it."""

    listing: Listing
    key: str | None = None
    """The column there that holds this row's id; None for a root."""
    arguments: Mapping[str, Filter] = field(default_factory=dict)
    """Conditions that are arguments of their own, by their names."""


@dataclass(frozen=True)
class Rows:
    """A plain list: all rows that meet conditions on the arguments, as of now."""

    entity: Entity
    arguments: Mapping[str, Filter]
    order: tuple[str, ...]
    check: Callable[[Mapping[str, Any]], None]
    """Raises an ApiError for arguments that do not go together."""


@dataclass(frozen=True)
class TimelinePages:
    """The connection over the timeline of an id; NOT_FOUND when it has none."""

    listing: Listing


@dataclass(frozen=True)
class ForecastRoot:
    """Deals summed up by what their neighbours are called."""


@dataclass(frozen=True)
class FunnelRoot:
    """Leads counted by where they came from and who follows them."""


@dataclass(frozen=True)
class FigurePages:
    """The rows behind one figure of a summary."""

    listing: Listing


Source = (
    Col
    | Embed
    | DaysSince
    | Told
    | Items
    | One
    | Many
    | RootOne
    | Pages
    | Rows
    | TimelinePages
    | ForecastRoot
    | FunnelRoot
    | FigurePages
)
