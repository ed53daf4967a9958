"""Which accounts are there now?"""

from typing import Final

from msgspec.structs import asdict

from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from projections.changes import Change, Put
from projections.documents.account import Account
from projections.documents.document import Document

NAME: Final = "account_list"
VERSION: Final = 1
TABLES: Final = ("account_list",)
READS: Final = (Account,)


def apply(recorded: Recorded[Event], before: Document | None, after: Document) -> tuple[Change, ...]:
    """The account's row as it is now."""
    if not isinstance(after, Account):
        return ()
    tenant = recorded.meta.tenant
    return (Put("account_list", (tenant, after.id), {"tenant": tenant, **asdict(after)}),)
