"""Which products are there now, at what price?"""

from typing import Final

from msgspec.structs import asdict

from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from projections.changes import Change, Put
from projections.documents.document import Document
from projections.documents.product import Product

NAME: Final = "product_list"
VERSION: Final = 1
TABLES: Final = ("product_list",)
READS: Final = (Product,)


def apply(recorded: Recorded[Event], before: Document | None, after: Document) -> tuple[Change, ...]:
    """The product's row as it is now."""
    if not isinstance(after, Product):
        return ()
    tenant = recorded.meta.tenant
    return (Put("product_list", (tenant, after.id), {"tenant": tenant, **asdict(after)}),)
