"""Rows become commands."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from event_schemas.people import Attribute, Attributes, normal_email
from event_schemas.streams import TenantId, entity_id
from event_schemas.values import Money
from write_side.domain.activity import LogActivity
from write_side.domain.decider import Command
from write_side.entrypoints.importing.cells import INVALID, Get, Text, getter, moments, money, reader
from write_side.entrypoints.importing.columns import Columns, check_names
from write_side.entrypoints.importing.consents import Consents
from write_side.entrypoints.importing.faults import BadMapping, BadRow
from write_side.entrypoints.importing.kinds import RELATED, Kind, fields_of, required, row_fields
from write_side.entrypoints.importing.making import maker
from write_side.entrypoints.importing.mapping import FileMapping, Part, Rule, as_constant, as_part
from write_side.entrypoints.importing.steps import CHANGES, LATE, LINKS, OUTCOMES, RESTORE, Step
from write_side.entrypoints.importing.tables import Row
from write_side.entrypoints.validation import InvalidInput, build

CURRENCY = "currency"
OCCURRED_AT = "occurred_at"

Values = dict[str, Any]


class _Optional(NamedTuple):
    """A command that is sent where a row has the field that it needs, or else any of its fields."""

    number: int
    command: type[Command]
    fields: frozenset[str]
    needed: str | None


class Plan(NamedTuple):
    """What a row says: about which entity, what, since when."""

    row: Row
    entity: UUID
    values: Values
    occurred_at: datetime | None


class RowPlanner:
    """Makes plans of rows, and commands of plans, by one mapping for one file. Every method raises BadRow."""

    def __init__(
        self,
        mapping: FileMapping,
        kind: Kind,
        header: Sequence[str],
        *,
        tenant: TenantId,
        batch: UUID,
        as_of: Part | None,
    ) -> None:
        """Raises BadMapping and BadFile."""
        self.kind = kind
        self._mapping = mapping
        self._tenant = tenant
        self._batch_id = str(batch)
        self._columns = Columns(header, mapping, as_of.places if as_of is not None else ())
        self._texts: dict[str, Text] = {}
        self._check()
        self._getters = self._field_getters()
        when = as_of or mapping.fields.get(OCCURRED_AT)
        self._when = self._getter(OCCURRED_AT, when, datetime) if when is not None else None
        self._consents = Consents(mapping.consents, kind, self._columns, self._getter)
        self._free = self._columns.attributes(mapping.attributes) if mapping.attributes is not None else []
        self._changes = self._possible(kind.changes, CHANGES)
        self._links = self._possible(kind.links, LINKS)
        self._late = self._possible(kind.late, LATE)
        self._empty = frozenset(("", *mapping.file.empty, *(mapping.attributes.empty if mapping.attributes else ())))
        self._outcomes = [
            self._outcome(name, n) for n, name in enumerate(kind.outcomes) if name in mapping.rules[kind.name]
        ]

    def plan(self, row: Row) -> Plan:
        """What the row says."""
        if row.fault is not None:
            raise row.fault
        cells = row.cells
        values = {name: value for name, get in self._getters if (value := get(cells)) is not None}
        if self._free:
            values["attributes"] = self._attributes(cells)
        if self.kind.create is LogActivity:
            values["related"] = [{"kind": kind, "id": values[at]} for at, kind in RELATED.items() if at in values]
        occurred_at = self._when(cells) if self._when is not None else None
        return Plan(row, self._entity(row), values, occurred_at)

    def create(self, plan: Plan) -> Step:
        """The command with which the entity begins."""
        kind = self.kind
        command = next((other for field, other in kind.create_with.items() if field in plan.values), kind.create)
        return Step(0, self._command(command, plan.entity, plan.values), plan.occurred_at)

    def changes(self, plan: Plan) -> Iterator[Step]:
        """Instead of ``create``, for an entity that is there: what the row knows; an empty cell changes nothing."""
        return self._optional(self._changes, plan)

    def then(self, plan: Plan) -> Iterator[Step]:
        """What follows after either."""
        yield from self._optional(self._links, plan)
        yield from self._consents.steps(plan.row.cells, plan.entity, plan.occurred_at)
        for number, command, rule, at, fields in self._outcomes:
            if rule(plan.row.cells):
                values = {name: value for name, get in fields if (value := get(plan.row.cells)) is not None}
                moment = at(plan.row.cells) if at is not None else None
                yield Step(number, self._command(command, plan.entity, values), moment or plan.occurred_at)

    def late(self, plan: Plan) -> Iterator[Step]:
        """What waits until every row's entity is there."""
        return self._optional(self._late, plan)

    def restoring(self, plan: Plan) -> Step | None:
        """The command by which the entity comes back, when an undo had archived it: now, whenever the row occurred."""
        restore = self.kind.restore
        return Step(RESTORE, restore[0](id=plan.entity), None) if restore is not None else None

    @property
    def is_matched(self) -> bool:
        """Whether a row may be about an entity that was there before."""
        return self._mapping.match is not None

    @property
    def has_late(self) -> bool:
        """Whether a second look at the rows is needed."""
        return bool(self._late)

    def text(self, field: str | None, cells: Sequence[str]) -> str:
        """What the file has for a field, to be shown beside the reason why it is refused."""
        return (self._texts[field](cells) or "") if field in self._texts and cells else ""

    def key(self, row: Row) -> str | None:
        """The text by which the row is matched, if it is."""
        match = self._mapping.match
        return self._texts[match.field](row.cells) if match is not None and row.fault is None else None

    def _entity(self, row: Row) -> UUID:
        match = self._mapping.match
        if match is None:
            return entity_id(self._tenant, self.kind.name, f"{self._batch_id}/{row.number}")
        if (text := self._texts[match.field](row.cells)) is None:
            raise BadRow(f"{match.field} is empty, and rows are matched by it", code=INVALID, field=match.field)
        key = (match.key or match.field + "={}").replace("{}", normal_email(text) if match.field == "email" else text)
        return entity_id(self._tenant, self.kind.name, key)

    def _attributes(self, cells: Sequence[str]) -> Attributes:
        """Not looked at yet: that is done where a command is made of them."""
        empty = self._empty
        return tuple([Attribute(name, text) for at, name in self._free if (text := cells[at].strip()) not in empty])

    def _optional(self, commands: Sequence[_Optional], plan: Plan) -> Iterator[Step]:
        for number, command, fields, needed in commands:
            if needed in plan.values if needed is not None else not fields.isdisjoint(plan.values):
                yield Step(number, self._command(command, plan.entity, plan.values), plan.occurred_at)

    def _possible(self, commands: Sequence[type[Command]], first: int) -> list[_Optional]:
        """Those of the commands for which the mapping has fields."""
        mapped = {*self._mapping.fields, *(("attributes",) if self._free else ())}
        found = []
        for number, command in enumerate(commands, first):
            fields = frozenset(fields_of(command)) & mapped
            needed = next(iter(required(command)), None)
            if fields and (needed is None or needed in fields):
                found.append(_Optional(number, command, fields, needed))
        return found

    def _command(self, command: type[Command], entity: UUID, values: Values) -> Command:
        known = fields_of(command)
        if not known.keys() >= values.keys():
            values = {name: value for name, value in values.items() if name in known}
        if (made := maker(command).make(entity, values)) is not None:
            return made
        given = {"id": entity, **values}
        if "attributes" in given:
            given["attributes"] = msgspec.to_builtins(given["attributes"])  # or nobody would look into them
        try:
            return msgspec.convert(given, command)
        except msgspec.ValidationError:
            return self._explain(command, given)

    def _explain(self, command: type[Command], given: Values) -> Command:
        try:
            return build(command, given)
        except InvalidInput as error:
            field = snake(error.path[0]) if error.path else ""
            raise BadRow(error.message, code=INVALID, field=field, value=_shown(given.get(field))) from error

    def _check(self) -> None:
        mapping, name = self._mapping, self.kind.name
        known = row_fields(name)
        keys = {mapping.match.field} if mapping.match is not None else set()
        check_names(mapping.fields, {*known, *keys, CURRENCY, OCCURRED_AT}, f"a {name}")
        check_names(keys, mapping.fields, "[columns]")
        if mapping.attributes is not None and "attributes" not in fields_of(self.kind.create):
            raise BadMapping(f"a {name} has no free attributes")
        for kind, rules in mapping.rules.items():
            if rules and kind != name:
                raise BadMapping(f"[{kind}] says what happens to a {kind}, and rows become a {name}")
            for what, rule in rules.items():
                check_names((what,), self.kind.outcomes, f"[{kind}]")
                check_names(rule.fields, fields_of(self.kind.outcomes[what]), f"{what}.with")

    def _field_getters(self) -> list[tuple[str, Get]]:
        types = row_fields(self.kind.name)
        found = [(name, self._getter(name, part, types.get(name, str))) for name, part in self._mapping.fields.items()]
        return [(name, get) for name, get in found if name in types]

    def _getter(self, field: str, part: Part, type_: Any) -> Get:
        file = self._mapping.file
        text = self._texts[field] = self._columns.text(field, part)
        if field == OCCURRED_AT:
            return getter(field, text, moments(field, part, file.dates))
        read = reader(field, type_, part, tenant=self._tenant, decimal=file.decimal, dates=file.dates)
        if read is None:
            return text
        get = getter(field, text, read)
        return self._with_currency(field, part, get) if type_ is Money else get

    def _with_currency(self, field: str, part: Part, get: Get) -> Get:
        fallback = self._mapping.fields.get(CURRENCY)
        if part.currency is None and fallback is None:
            raise BadMapping(f"{field}: say its currency, as in currency = 'USD', here or in [constants]")
        of_row = self._columns.text(CURRENCY, fallback) if fallback is not None else None

        def read(cells: Sequence[str]) -> Money | None:
            amount: Decimal | None = get(cells)
            if amount is None:
                return None
            currency = part.currency or (of_row(cells) if of_row is not None else None)
            if currency is None:
                raise BadRow("an amount without a currency", code=INVALID, field=field, value=str(amount))
            try:
                return money(amount, currency)
            except ValueError as error:
                raise BadRow(str(error), code=INVALID, field=field, value=str(amount)) from error

        return read

    def _outcome(self, name: str, number: int) -> tuple[int, type[Command], Any, Get | None, list[tuple[str, Get]]]:
        rule: Rule = self._mapping.rules[self.kind.name][name]
        command = self.kind.outcomes[name]
        types: Mapping[str, Any] = fields_of(command)
        equals = {rule.equals} if isinstance(rule.equals, str) else set(rule.equals)
        index = self._columns.index(rule.column)
        at = self._getter(OCCURRED_AT, as_part(rule.at), datetime) if rule.at is not None else None
        fields = [(field, self._getter(field, as_constant(part), types[field])) for field, part in rule.fields.items()]
        return OUTCOMES + number, command, lambda cells: cells[index].strip() in equals, at, fields


def snake(name: str) -> str:
    """``expectedClose`` -> ``expected_close``."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _shown(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else str(msgspec.to_builtins(value))
