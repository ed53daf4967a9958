"""JSON text that SQL puts together: constant pieces and expressions of type text."""

import re
from collections.abc import Iterable
from typing import Self

_CONSTANT = re.compile(r"[\w\"{}\[\]:,!.| -]*\Z", re.ASCII)


class Json:
    """Pieces to be concatenated; neighbouring constants are one."""

    __slots__ = ("_pieces",)

    def __init__(self, pieces: list[tuple[bool, str]]) -> None:
        self._pieces = pieces

    @classmethod
    def constant(cls, text: str) -> Self:
        """JSON punctuation and GraphQL names; nothing that a client sends as a value."""
        if _CONSTANT.match(text) is None:
            raise ValueError(f"{text!r} is no constant of ours")
        return cls([(False, text)])

    @classmethod
    def sql(cls, expression: str) -> Self:
        """An expression of type text; a null makes the whole text null."""
        return cls([(True, expression)])

    def __add__(self, other: "Json") -> "Json":
        mine, theirs = self._pieces, other._pieces
        if mine and theirs and not mine[-1][0] and not theirs[0][0]:
            return Json([*mine[:-1], (False, mine[-1][1] + theirs[0][1]), *theirs[1:]])
        return Json([*mine, *theirs])

    def render(self) -> str:
        """As one SQL expression."""
        return "||".join(piece if is_sql else f"'{piece}'" for is_sql, piece in self._pieces)


def json_object(members: Iterable[tuple[str, Json]]) -> Json:
    """An object of response keys and values."""
    text, separator = Json.constant("{"), ""
    for key, value in members:
        text = text + Json.constant(f'{separator}"{key}":') + value
        separator = ","
    return text + Json.constant("}")


def list_text(column: str, order: str, within: str = "") -> str:
    """An aggregate: the texts of a column as a JSON list, or null when one of them is null."""
    return (
        f"case when count({column})=count(*)"
        f" then '['||coalesce(string_agg({column},',' order by {order}){within},'')||']' end"
    )


def quoted(expression: str) -> str:
    """A JSON string of text that needs no escapes."""
    return f"'\"'||{expression}||'\"'"
