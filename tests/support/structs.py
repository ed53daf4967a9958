"""Hypothesis strategies for Structs, made from their declared types and bounds."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from hypothesis import strategies as st
from msgspec import UNSET, inspect

S = TypeVar("S", bound=msgspec.Struct)

CHARACTERS = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
"""What a text that can be stored is made of."""

_FIRST, _LAST = datetime(1, 1, 2), datetime(9999, 12, 30)  # noqa: DTZ001  # the strategy adds the zone

_FREE = r"^[^\x00"
"""How a pattern begins that nearly every text matches."""

Fields = Mapping[str, st.SearchStrategy[Any]]


def structs(cls: type[S], fields: Fields | None = None) -> st.SearchStrategy[S]:
    """Every Struct of the class that its types allow.

    ``fields`` overrides fields at any depth, by ``field`` or, where that is not enough, by ``Class.field``.
    """
    info = inspect.type_info(cls)
    assert isinstance(info, inspect.StructType)
    made: st.SearchStrategy[S] = _struct(info, fields or {})
    return made


def _struct(info: inspect.StructType, fields: Fields) -> st.SearchStrategy[Any]:
    return st.builds(info.cls, **{field.name: _field(info.cls, field, fields) for field in info.fields})


def _field(cls: type, field: inspect.Field, fields: Fields) -> st.SearchStrategy[Any]:
    override = fields.get(f"{cls.__name__}.{field.name}", fields.get(field.name))
    value = _of(field.type, fields) if override is None else override
    if override is not None and isinstance(field.type, inspect.UnionType) and field.type.includes_none:
        value = st.none() | value
    return st.just(UNSET) | value if field.default is UNSET else value


def _of(info: inspect.Type, fields: Fields) -> st.SearchStrategy[Any]:
    match info:
        case inspect.StructType():
            return _struct(info, fields)
        case inspect.UnionType(types=types):
            return st.one_of([_of(one, fields) for one in types])
        case inspect.VarTupleType(item_type=item):
            return st.lists(_of(item, fields), max_size=4).map(tuple)
        case inspect.StrType(min_length=shortest, max_length=longest, pattern=pattern):
            return _text(shortest or 0, longest, pattern)
        case inspect.IntType(ge=lowest, le=highest):
            return st.integers(lowest, highest)
        case inspect.EnumType(cls=cls):
            return st.sampled_from(list(cls))
        case inspect.BoolType():
            return st.booleans()
        case inspect.UUIDType():
            return st.uuids()
        case inspect.DateTimeType(tz=True):
            return st.datetimes(min_value=_FIRST, max_value=_LAST, timezones=st.just(UTC))
        case inspect.DateType():
            return st.dates()
        case inspect.NoneType():
            return st.none()
        case _:
            raise NotImplementedError(f"no strategy for {info}")


def _text(shortest: int, longest: int | None, pattern: str | None) -> st.SearchStrategy[str]:
    if pattern == "^[A-Z]{3}$":
        return st.from_regex(r"[A-Z]{3}", fullmatch=True)
    if pattern is not None and not pattern.startswith(_FREE):
        shaped = st.from_regex(pattern, alphabet=CHARACTERS)
        return shaped.filter(lambda one: shortest <= len(one) and (longest is None or len(one) <= longest))
    text = st.text(CHARACTERS, min_size=shortest, max_size=longest)
    return text if pattern is None else text.filter(lambda one: re.search(pattern, one) is not None)
