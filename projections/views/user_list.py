"""Which users are there now, in which team and region?"""

from typing import Final

from msgspec.structs import asdict

from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from projections.changes import Change, Put
from projections.documents.document import Document
from projections.documents.user import User

NAME: Final = "user_list"
VERSION: Final = 1
TABLES: Final = ("user_list",)
READS: Final = (User,)


def apply(recorded: Recorded[Event], before: Document | None, after: Document) -> tuple[Change, ...]:
    """The user's row as it is now."""
    if not isinstance(after, User):
        return ()
    tenant = recorded.meta.tenant
    return (Put("user_list", (tenant, after.id), {"tenant": tenant, **asdict(after)}),)
