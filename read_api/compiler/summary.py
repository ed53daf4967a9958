"""Rows with the names that they are grouped by, and what is summed up of them: tables of a summary's statement."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from read_api.compiler.dimensions import Naming, Neighbour
from read_api.compiler.frame import Frame, MomentSql
from read_api.compiler.paging import RowText
from read_api.compiler.sources import Entity


@dataclass(frozen=True)
class Selected:
    """The rows that are summed up."""

    entity: Entity
    alias: str
    columns: str
    """SQL for what is summed up, and for what the rows behind a sum are found and sorted by."""
    condition: str
    neighbours: tuple[Neighbour, ...] = ()
    """What the columns need."""


@dataclass(frozen=True)
class Base:
    """What all parts of one summary share, and its rows at each moment that it asks about."""

    frame: Frame
    selected: Selected
    namings: Sequence[Naming]
    """What the rows are grouped by."""
    row_text: RowText
    tables: dict[MomentSql, str] = field(default_factory=dict)
    neighbours: dict[tuple[Entity, MomentSql], str] = field(default_factory=dict)

    def at(self, moment: MomentSql) -> str:
        """The table of the rows at a moment, with their keys; read once."""
        if moment not in self.tables:
            self.tables[moment] = self._table(self._rows(moment))
        return self.tables[moment]

    def _table(self, text: str) -> str:
        name = self.frame.statement.alias()
        self.frame.statement.tables.append((name, text))
        return name

    def _rows(self, moment: MomentSql) -> str:
        rows = self.selected
        neighbours = dict.fromkeys([*rows.neighbours, *(each for naming in self.namings for each in naming.neighbours)])
        joins = " ".join(
            f"left join {self._neighbour(each, moment)} {each.alias} on {each.match}" for each in neighbours
        )
        keys = "".join(f",coalesce({naming.name},'') as k{n}" for n, naming in enumerate(self.namings))
        return (
            f"select {rows.columns}{keys}"
            f" from {_at(moment, rows.entity.relation(moment.point))} {rows.alias} {joins} where {rows.condition}"
        )

    def _neighbour(self, neighbour: Neighbour, moment: MomentSql) -> str:
        """What the rows may point at: as of a moment a table of its own, so that the moment is looked for once."""
        entity = neighbour.entity
        if moment.point is None:
            return entity.now
        if (entity, moment) not in self.neighbours:
            relation = entity.relation(moment.point, early=True)
            self.neighbours[entity, moment] = self._table(f"select n.* from {_at(moment, relation)} n")
        return self.neighbours[entity, moment]


def _at(moment: MomentSql, relation: str) -> str:
    """A FROM item, preceded by the moment that it refers to."""
    return relation if moment.point is None else f"{moment.name} cross join {relation}"


@dataclass
class Summary:
    """One row per group, or one for all: sums, counts and the ids behind them."""

    base: Base
    moment: MomentSql
    alias: str
    grouped: bool
    columns: list[str] = field(default_factory=list)
    others: "list[Summary]" = field(default_factory=list)
    """Of other moments, which cursors pin."""

    def add(self, aggregate: str) -> str:
        """An aggregate over the base's rows ``b``."""
        if aggregate not in self.columns:
            self.columns.append(aggregate)
        return f"{self.alias}.a{self.columns.index(aggregate)}"

    @property
    def keys(self) -> list[str]:
        """Names of the key columns."""
        return [f"k{n}" for n in range(len(self.base.namings))] if self.grouped else []

    def at(self, moment: MomentSql) -> "Summary":
        """The same groups at another moment."""
        if moment is self.moment:
            return self
        other = Summary(self.base, moment, self.base.frame.statement.alias(), self.grouped)
        self.others.append(other)
        return other

    def source(self) -> str:
        """The FROM clause."""
        return f"{self._own()} {self.alias}" + "".join(f" {self._joined(other)}" for other in self.others)

    def _own(self) -> str:
        if not self.keys and not self.columns:
            return "(select)"
        selected = [*self.keys, *(f"{text} as a{n}" for n, text in enumerate(self.columns))]
        group_by = f" group by {','.join(self.keys)}" if self.keys else ""
        return f"(select {','.join(selected)} from {self.base.at(self.moment)} b{group_by})"

    def _joined(self, other: "Summary") -> str:
        same = " and ".join(f"{other.alias}.{key}={self.alias}.{key}" for key in self.keys) or "true"
        return f"left join {other._own()} {other.alias} on {same}"  # noqa: SLF001 - of the same class
