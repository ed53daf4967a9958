"""Makes commands of what clients send, or says which field is wrong and what it should hold."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from write_side.domain.decider import Command

C = TypeVar("C", bound=Command)

INVALID_INPUT = "INVALID_INPUT"


class InvalidInput(ValueError):
    """A field of the input cannot be accepted. ``path`` leads to it, in the names of the API."""

    def __init__(self, message: str, path: tuple[str, ...]) -> None:
        super().__init__(message)
        self.message = message
        self.path = path


def build(command: type[C], fields: Mapping[str, Any]) -> C:
    """The command with these fields, in Python's names; raises InvalidInput."""
    try:
        return msgspec.convert(fields, command)
    except msgspec.ValidationError as error:
        raise _explained(str(error)) from error


def sent_of(command: Command, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields that the client sent, in one canonical form, for the request's digest."""
    plain: dict[str, Any] = msgspec.to_builtins(command)
    return {name: plain[name] for name in fields if name in plain}


def camel(name: str) -> str:
    """``expected_close`` -> ``expectedClose``."""
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


_SHAPES = (
    (re.compile(r"Invalid UUID"), "must be a UUID, such as 1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"),
    (re.compile(r"Expected `str` of length >= 1$"), "must not be empty"),
    (re.compile(r"Expected `str` of length >= (\d+)"), r"must have at least \1 characters"),
    (re.compile(r"Expected `str` of length <= (\d+)"), r"must have at most \1 characters"),
    (re.compile(r"Expected `array` of length >= (\d+)"), r"must have at least \1 items"),
    (re.compile(r"Expected `array` of length <= (\d+)"), r"must have at most \1 items"),
    (re.compile(r"Expected `int` >= (-?\d+)"), r"must be at least \1"),
    (re.compile(r"Expected `int` <= (-?\d+)"), r"must be at most \1"),
    (re.compile(r"Expected `.*`, got `null`"), "must not be null: send a value, or leave the field out"),
)
"""What msgspec says -> what the client is told."""
_TEXT_RULE = re.compile(r"Expected `str` (of length|matching regex)")
_PATTERN_RULE = re.compile(r"Expected `str` matching regex")
_CURRENCY = "must be an ISO 4217 code in capitals, such as USD"
_EMAIL = "must be an e-mail address, such as ada@example.org"
_EMAIL = "must be an e-mail address, such as ada@example.org"
_UNFIT = "must not be blank, nor hold NUL (U+0000) or half of a surrogate pair"
_MISSING = re.compile(r"Object missing required field `(\w+)`")
_PLACE = re.compile(r" - at `\$(.*)`$")


def _explained(message: str) -> InvalidInput:
    found = _PLACE.search(message)
    path = re.findall(r"\w+", found[1]) if found else []
    what = message[: found.start()] if found else message
    if missing := _MISSING.match(what):
        path, what = [*path, missing[1]], "must be given; send null to say that there is none"
    what = _in_words(what, path[-1] if path else "")
    names = tuple(camel(part) for part in path)
    return InvalidInput(f"{'.'.join(names)} {what}".strip(), names)


def _in_words(what: str, field: str) -> str:
    if field == "currency" and _TEXT_RULE.match(what):
        return _CURRENCY
    if field == "email" and _TEXT_RULE.match(what):
        return _EMAIL
    if _PATTERN_RULE.match(what):
        return _EMAIL if field == "email" else _UNFIT
    for shape, words in _SHAPES:
        what = shape.sub(words, what)
    return what
