"""Which leads are there now, how do they stand, and what did they become?"""

from typing import Final

import msgspec
from msgspec.structs import asdict

from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from projections.changes import Change, Put
from projections.documents.document import Document
from projections.documents.lead import Lead

NAME: Final = "lead_list"
VERSION: Final = 1
TABLES: Final = ("lead_list",)
READS: Final = (Lead,)

_encode = msgspec.json.Encoder().encode


def apply(recorded: Recorded[Event], before: Document | None, after: Document) -> tuple[Change, ...]:
    """The lead's row as it is now."""
    if not isinstance(after, Lead):
        return ()
    tenant = recorded.meta.tenant
    row = {"tenant": tenant, **asdict(after)}
    row["attributes"] = _encode(after.attributes).decode()
    row["score_reasons"] = _encode(after.score_reasons).decode()
    return (Put("lead_list", (tenant, after.id), row),)
