"""Which account is a subsidiary of which?"""

from typing import Final

from msgspec.structs import asdict

from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from projections.changes import Change, Put
from projections.documents.account_parent import AccountParent
from projections.documents.document import Document

NAME: Final = "account_tree"
VERSION: Final = 1
TABLES: Final = ("account_tree",)
READS: Final = (AccountParent,)


def apply(recorded: Recorded[Event], before: Document | None, after: Document) -> tuple[Change, ...]:
    """The account's parent as it is now; an account that never had one has no row."""
    if not isinstance(after, AccountParent):
        return ()
    tenant = recorded.meta.tenant
    row = {"tenant": tenant, **asdict(after)}
    del row["version"]
    return (Put("account_tree", (tenant, after.account_id), row),)
