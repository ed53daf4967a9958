"""Commands of texts that are plainly right, made without a closer look; all others are left to who looks closer."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, get_type_hints
from uuid import UUID

import msgspec

from event_schemas.people import MAX_ATTRIBUTES, Attributes
from event_schemas.values import Name, Text
from write_side.domain.decider import Command
from write_side.domain.people import GivenPhone
from write_side.entrypoints.importing.kinds import required

_UNFIT = re.compile("[\x00\ud800-\udfff]").search


class _Bounds(NamedTuple):
    """What a command asks of a text, beside being fit and not blank."""

    least: int
    most: int
    looks_right: Callable[[str], Any] | None


def _meta(hint: Any) -> msgspec.Meta:
    meta: msgspec.Meta = hint.__metadata__[0]
    return meta


_USUAL = frozenset({_meta(Name).pattern, _meta(GivenPhone).pattern, _meta(Text).pattern})
"""Patterns of what is fit and not blank, or asks less."""
_LONGEST_VALUE = _meta(Text).max_length or 0


class Maker:
    """Makes commands of one type."""

    def __init__(self, command: type[Command]) -> None:
        hints = get_type_hints(command, include_extras=True)
        self._command = command
        self._texts = {name: bounds for name, hint in hints.items() if (bounds := _bounds(hint)) is not None}
        self._needed = frozenset(required(command))
        self._ids = {name for name, hint in hints.items() if UUID in _choices(hint)} - {"id"}

    def make(self, entity: UUID, values: Mapping[str, Any]) -> Command | None:
        """The command that msgspec would make of these values, or None: whatever is not plain is for it to judge."""
        if not self._needed <= values.keys():
            return None
        texts: list[str] = []
        for name, value in values.items():
            if (bounds := self._texts.get(name)) is not None:
                if not _is_plain(value, bounds):
                    return None
                texts.append(value)
            elif name == "attributes":
                if not _are_plain(value):
                    return None
                texts += [one.value for one in value]
            elif name not in self._ids or type(value) is not UUID:
                return None
        whole = "\n".join(texts)
        if "\x00" in whole if whole.isascii() else _UNFIT(whole) is not None:
            return None
        return self._command(id=entity, **values)


@cache
def maker(command: type[Command]) -> Maker:
    """One for each type of command."""
    return Maker(command)


def _choices(hint: Any) -> Sequence[Any]:
    """The types of a union, or the one type."""
    return () if hasattr(hint, "__metadata__") else getattr(hint, "__args__", (hint,))


def _bounds(hint: Any) -> _Bounds | None:
    """Of a text, or a text or None."""
    for one in (hint, *_choices(hint)):
        if getattr(one, "__origin__", None) is str:
            meta = _meta(one)
            pattern = None if meta.pattern is None or meta.pattern in _USUAL else re.compile(meta.pattern).search
            return _Bounds(meta.min_length or 1, meta.max_length or 0, pattern)
    return None


def _is_plain(value: Any, bounds: _Bounds) -> bool:
    if type(value) is not str or not bounds.least <= len(value) <= bounds.most or value.isspace():
        return False
    return bounds.looks_right is None or bounds.looks_right(value) is not None


def _are_plain(attributes: Attributes) -> bool:
    if type(attributes) is not tuple or len(attributes) > MAX_ATTRIBUTES:
        return False
    for one in attributes:
        if type(one.value) is not str or len(one.value) > _LONGEST_VALUE or not _is_name(one.name):
            return False
    return True


@cache
def _is_name(text: str) -> bool:
    """A header's: there are few."""
    try:
        msgspec.convert(text, Name)
    except msgspec.ValidationError:
        return False
    return True
