"""Statements of the reference path: text with its arguments."""

from typing import Any

from read_api.as_of import Moment
from read_api.compiler.sources import Point


class Arguments:
    """The parameters of a statement, in the order in which its text named them."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def add(self, value: Any, kind: str) -> str:
        """The placeholder of one more parameter of an SQL type."""
        self.values.append(value)
        return f"${len(self.values)}::{kind}"

    def point(self, moment: Moment) -> Point | None:
        """SQL for a moment; None when the tables of now show it."""
        if moment.current:
            return None
        occurred = "'infinity'::timestamptz" if moment.occurred is None else self.add(moment.occurred, "timestamptz")
        return Point(self.add(moment.position, "bigint"), occurred)
