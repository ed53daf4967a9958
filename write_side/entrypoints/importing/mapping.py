"""A mapping: which column of a file is which field of what is imported. Written in TOML."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from event_schemas.pipeline import StageCategory
from write_side.entrypoints.importing.faults import BadMapping
from write_side.entrypoints.importing.tables import FileOptions

Place = str | int
"""A column: the name in its header, or its number from 1 on."""
Constant = str | int | float | bool


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a field's text comes from, and how it is read."""

    column: Place | tuple[Place, ...] | None = None
    value: Constant | None = None
    """The same in every row, where no column is named."""
    join: str = " "
    """Between the texts of several columns; empty ones are left out."""
    split: str | None = None
    part: int = 1
    """Which piece of a split text is taken: from 1 on, or from -1 on for the last ones."""
    empty: tuple[str, ...] = ()
    """Texts that stand for nothing in this column."""
    lookup: str | None = None
    unknown: Literal["keep", "reject", "empty"] = "keep"
    """What becomes of a text that the look-up does not have."""
    default: Constant | None = None
    format: str | tuple[str, ...] | None = None
    """Of dates: one of these, as in strptime."""
    timezone: str = "UTC"
    """Of moments that name none."""
    decimal: Literal[".", ","] | None = None
    scale: str | int | float = 1
    """How many whole units the written number counts: 1000000 where a file has millions."""
    currency: str | None = None
    key: str | None = None
    """Of references: how the other entity's key is made of the text, such as ``name={}``."""

    @property
    def places(self) -> tuple[Place, ...]:
        """The columns that it reads."""
        match self.column:
            case None:
                return ()
            case tuple():
                return self.column
            case _:
                return (self.column,)


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When something has happened to the row's entity: the column has one of these texts."""

    column: Place
    equals: str | tuple[str, ...]
    at: Place | Part | None = None
    """When; else when the row says."""
    fields: dict[str, Part | Constant] = msgspec.field(default_factory=dict, name="with")


class Consent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A column that says whether a contact may be reached by a channel; its name in the mapping is the purpose."""

    column: Place
    channel: str
    purpose: str | None = None
    """Else the name."""
    given: str | tuple[str, ...]
    withdrawn: str | tuple[str, ...] = ()
    evidence: Place | Part | None = None
    """How it is known."""

    def places(self) -> Iterator[Place]:
        """The columns that it reads."""
        yield self.column
        if self.evidence is not None:
            yield from as_part(self.evidence).places


class FreeAttributes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which columns become free attributes, named as their headers."""

    columns: Literal["others"] | tuple[Place, ...]
    skip: tuple[Place, ...] = ()
    empty: tuple[str, ...] = ()


class Match(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By which field a row finds the entity that an earlier row made."""

    field: str
    key: str | None = None
    """How the entity's key is made of the field, with {} for its text; else ``<field>={}``."""


class NewStage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stage of a pipeline that the mapping defines."""

    name: str
    probability: int
    category: StageCategory


class NewPipeline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pipeline that deals need: defined before the first row, unless it is there as the mapping has it."""

    name: str
    currency: str
    stages: tuple[NewStage, ...]
    key: str = "name={}"
    """How the ids of pipeline and stages are made of their names."""
    occurred_at: datetime | None = None


class Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The TOML file as it is written."""

    columns: dict[str, Any]
    kind: str | None = None
    match: str | Match | None = None
    file: FileOptions = FileOptions()
    constants: dict[str, Any] = {}
    attributes: FreeAttributes | None = None
    lookups: dict[str, dict[str, Constant]] = {}
    consents: dict[str, Any] = {}
    pipeline: NewPipeline | None = None
    lead: dict[str, Any] = {}
    deal: dict[str, Any] = {}
    activity: dict[str, Any] = {}


class FileMapping(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping that is understood, apart from what only the file's header and the kind tell."""

    kind: str | None
    match: Match | None
    file: FileOptions
    fields: Mapping[str, Part]
    """Columns and constants."""
    attributes: FreeAttributes | None
    lookups: Mapping[str, Mapping[str, str]]
    consents: Mapping[str, Consent]
    """Purpose -> the column that tells."""
    rules: Mapping[str, Mapping[str, Rule]]
    """Kind -> what happened -> when."""
    pipeline: NewPipeline | None
    text: bytes
    """As it was written: the batch is made of it."""

    def places(self) -> Iterator[Place]:
        """Every column that is named, whatever for."""
        for part in self.fields.values():
            yield from part.places
        if self.attributes is not None:
            if isinstance(self.attributes.columns, tuple):
                yield from self.attributes.columns
            yield from self.attributes.skip
        for consent in self.consents.values():
            yield from consent.places()
        for rules in self.rules.values():
            for rule in rules.values():
                yield rule.column
                if rule.at is not None:
                    yield from as_part(rule.at).places
                for field in rule.fields.values():
                    yield from as_constant(field).places


def parse(text: bytes) -> FileMapping:
    """Read a mapping; raises BadMapping, which names key and line."""
    try:
        decoded = text.decode()
    except UnicodeDecodeError as error:
        raise BadMapping(f"it is not UTF-8: {error}") from error
    try:
        raw = tomllib.loads(decoded)
    except tomllib.TOMLDecodeError as error:
        raise BadMapping(f"it is not TOML: {error}") from error
    document = _converted(raw, Document, [], decoded)
    return _checked(_understood(document, text, decoded), decoded)


def _converted(raw: Any, type_: Any, path: list[str], text: str) -> Any:
    try:
        return msgspec.convert(raw, type_)
    except msgspec.ValidationError as error:
        raise BadMapping(_placed(str(error), path, text)) from error


def _each(raw: Mapping[str, Any], type_: Any, path: list[str], text: str) -> dict[str, Any]:
    """Key by key, since an error in a table as a whole would not name the key."""
    return {key: _converted(value, type_, [*path, key], text) for key, value in raw.items()}


def _understood(document: Document, text: bytes, decoded: str) -> FileMapping:
    match = Match(field=document.match) if isinstance(document.match, str) else document.match
    columns = _each(document.columns, Place | Part, ["columns"], decoded)
    constants = _each(document.constants, Constant | Part, ["constants"], decoded)
    if twice := columns.keys() & constants.keys():
        raise BadMapping(f"{min(twice)} is in [columns] and in [constants]: choose one")
    rules = {"lead": document.lead, "deal": document.deal, "activity": document.activity}
    return FileMapping(
        kind=document.kind,
        match=match,
        file=document.file,
        fields={name: as_part(given) for name, given in columns.items()}
        | {name: as_constant(given) for name, given in constants.items()},
        attributes=document.attributes,
        lookups={name: {key: str(to) for key, to in table.items()} for name, table in document.lookups.items()},
        consents=_each(document.consents, Consent, ["consents"], decoded),
        rules={kind: _each(given, Rule, [kind], decoded) for kind, given in rules.items()},
        pipeline=document.pipeline,
        text=text,
    )


def as_part(given: Place | Part) -> Part:
    """``"Header"`` or ``3`` -> the column."""
    return given if isinstance(given, Part) else Part(column=given)


def as_constant(given: Constant | Part) -> Part:
    """``"USD"`` -> the constant."""
    return given if isinstance(given, Part) else Part(value=given)


def _checked(mapping: FileMapping, text: str) -> FileMapping:
    for name, part in mapping.fields.items():
        _check_part(name, part, mapping, text)
    for name, consent in mapping.consents.items():
        if consent.evidence is not None:
            _check_part(f"consents.{name}.evidence", as_part(consent.evidence), mapping, text)
    for rules in mapping.rules.values():
        for what, rule in rules.items():
            for name, field in rule.fields.items():
                _check_part(f"{what}.with.{name}", as_constant(field), mapping, text)
    return mapping


def _check_part(name: str, part: Part, mapping: FileMapping, text: str) -> None:
    where = f"{name}{_line(text, name.split('.'))}"
    if (part.column is None) == (part.value is None):
        raise BadMapping(f"{where} needs either a column or a value")
    if part.lookup is not None and part.lookup not in mapping.lookups:
        raise BadMapping(f"{where} names the look-up {part.lookup!r}, and there is no [lookups.{part.lookup}]")
    if part.key is not None and "{}" not in part.key:
        raise BadMapping(f"{where}: its key {part.key!r} has no {{}} for the text")
    if any(isinstance(place, int) and place < 1 for place in part.places):
        raise BadMapping(f"{where}: columns are numbered from 1 on")
    if part.part == 0:
        raise BadMapping(f"{where}: pieces are numbered from 1 on, or from -1 on for the last ones")


_PLACE = re.compile(r" - at `\$(.*)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(.+?)`")


def _placed(message: str, path: list[str], text: str) -> str:
    """What msgspec says, led by the key at fault and its line."""
    found = _PLACE.search(message)
    path = [*path, *(part for part in re.findall(r"[^.\[\]]+", found[1] if found else "") if part != "...")]
    what = message[: found.start()] if found else message
    if unknown := _UNKNOWN.match(what):
        path, what = [*path, unknown[1]], "there is no such key"
    what = re.sub(r"Object missing required field `(.+?)`", r"\1 is missing", what)
    what = re.sub(r"Expected `(.+?)`, got `(.+?)`", r"expected \1, found \2", what).replace("object", "table")
    return f"{'.'.join(path)}{_line(text, path)}: {what}" if path else what


def _line(text: str, path: list[str]) -> str:
    """`` (line 7)`` of the last key of the path that stands at the beginning of a line, or nothing."""
    for key in reversed(path):
        name = rf'["\']?{re.escape(key)}["\']?'
        pattern = re.compile(rf"^\s*(?:{name}\s*[=.]|\[\[?[^\]]*\b{name}\s*\])")
        for number, line in enumerate(text.splitlines(), 1):
            if pattern.match(line):
                return f" (line {number})"
    return ""
