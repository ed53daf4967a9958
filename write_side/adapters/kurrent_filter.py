"""Which events the server is asked for. It takes one filter at a time: what that leaves is sifted here."""

import re
from typing import Any

from event_schemas.envelope import StoredEvent
from event_schemas.ports import EventFilter

_TENANT = "[a-z][a-z0-9-]{0,38}"


class ServerFilter:
    """An EventFilter as a filter of ``$all``: by names of streams, or by types where types are asked for.

    Either leaves out the server's own events, and other applications' whose streams are named otherwise.
    """

    def __init__(self, where: EventFilter) -> None:
        self._where = where
        self.nothing = where.types is not None and not where.types
        """True when no event can match."""
        self.is_exact = where.types is None
        """True when all that the server hands out is wanted."""
        self.options: dict[str, Any]
        if where.types is None:
            tenant = _TENANT if where.tenant is None else re.escape(where.tenant)
            # one pattern: the client puts ^ before the first of several and $ after the last, and an "or" between them
            self.options = {"filter_by_stream_name": True, "filter_include": (f"[a-z_]+-{tenant}~[^~]+",)}
        else:
            types = "|".join(re.escape(name) for name in sorted(where.types))
            self.options = {"filter_by_stream_name": False, "filter_include": (f"(?:{types})",)}

    def takes(self, stored: StoredEvent) -> bool:
        """Whether the event is wanted."""
        where = self._where
        return (where.tenant is None or stored.tenant == where.tenant) and (
            where.types is None or stored.type in where.types
        )
