"""What the generated resolvers resolve on: a row of a relation with the moment at which it was read."""

from collections.abc import Mapping
from typing import Any

import asyncpg

from read_api.as_of import Moment


class Row:
    """Columns are attributes, so that a plain field needs no resolver."""

    __slots__ = ("moment", "record")

    def __init__(self, record: asyncpg.Record | Mapping[str, Any], moment: Moment) -> None:
        self.record = record
        self.moment = moment

    def __getattr__(self, column: str) -> Any:
        try:
            return self.record[column]
        except KeyError:
            raise AttributeError(column) from None
