"""Which teams are there now, and who manages them?"""

from typing import Final

from msgspec.structs import asdict

from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from projections.changes import Change, Put
from projections.documents.document import Document
from projections.documents.team import Team

NAME: Final = "team_list"
VERSION: Final = 1
TABLES: Final = ("team_list",)
READS: Final = (Team,)


def apply(recorded: Recorded[Event], before: Document | None, after: Document) -> tuple[Change, ...]:
    """The team's row as it is now."""
    if not isinstance(after, Team):
        return ()
    tenant = recorded.meta.tenant
    return (Put("team_list", (tenant, after.id), {"tenant": tenant, **asdict(after)}),)
