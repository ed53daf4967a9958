"""GraphQL input types, made from the Structs of the commands: their fields are declared once."""

import dataclasses
from collections.abc import Mapping
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
import strawberry
from msgspec import NODEFAULT, UnsetType

_SCALARS = {UUID: strawberry.ID}


class InputTypes:
    """Makes each input type once. ``names`` says what the API calls Python types that are not plain scalars."""

    def __init__(self, names: Mapping[Any, Any]) -> None:
        self._names: dict[Any, Any] = {**_SCALARS, **names}

    def of_struct(self, struct: type[msgspec.Struct], *, optional: frozenset[str] = frozenset()) -> Any:
        """``OpenDeal`` -> the input type ``OpenDealInput``; ``optional`` names fields that the client may leave out."""
        if struct not in self._names:
            self._names[struct] = self._make(struct, optional)
        return self._names[struct]

    def _make(self, struct: type[msgspec.Struct], optional: frozenset[str]) -> Any:
        hints = get_type_hints(struct)  # without Annotated: the bounds are checked when the command is made
        annotations: dict[str, Any] = {}
        defaults: dict[str, Any] = {}
        for field in msgspec.structs.fields(struct):
            inner, nullable = _without_none(hints[field.name])
            annotation = self._annotation(inner)
            if nullable or field.name in optional:
                annotation, defaults[field.name] = annotation | None, strawberry.UNSET
            elif field.default is not NODEFAULT:
                defaults[field.name] = field.default
            annotations[field.name] = annotation
        made = type(struct.__name__, (), {"__annotations__": annotations, "__doc__": struct.__doc__, **defaults})
        description = (struct.__doc__ or "").split("\n", 1)[0] or None
        return strawberry.input(made, name=f"{struct.__name__}Input", description=description)

    def _annotation(self, inner: Any) -> Any:
        if inner in self._names:
            return self._names[inner]
        if get_origin(inner) is tuple:
            return list[self._annotation(get_args(inner)[0])]  # type: ignore[misc]  # made while running
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            return self.of_struct(inner)
        if isinstance(inner, type) and issubclass(inner, Enum):
            self._names[inner] = strawberry.enum(inner)
            return self._names[inner]
        return inner


def _without_none(hint: Any) -> tuple[Any, bool]:
    """``Money | None | UnsetType`` -> Money, and that it may be left out."""
    if get_origin(hint) not in _UNIONS:
        return hint, False
    rest = [arg for arg in get_args(hint) if arg not in (type(None), UnsetType)]
    if len(rest) != 1:
        raise TypeError(f"{hint} has no GraphQL input type: a command's field is of one type, or null")
    return rest[0], True


_UNIONS = (Union, type(int | None))


def sent_fields(value: Any) -> Any:
    """What the client sent, as builtins: input objects as dicts without the fields that were left out."""
    if dataclasses.is_dataclass(value):
        given = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return {name: sent_fields(item) for name, item in given.items() if item is not strawberry.UNSET}
    if isinstance(value, list):
        return [sent_fields(item) for item in value]
    return value.value if isinstance(value, Enum) else value
