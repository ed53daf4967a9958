"""A product as readers see it."""

from datetime import datetime
from uuid import UUID

from event_schemas.envelope import Recorded
from event_schemas.product import ProductListed, ProductRepriced, ProductRetired
from event_schemas.registry import Event
from projections.documents.document import Document, advance, unchanged


class Product(Document, frozen=True, kw_only=True, gc=False):
    """The columns of product_list."""

    id: UUID
    name: str
    series: str | None
    price_minor: int
    currency: str
    retired: bool
    listed_at: datetime


def fold(document: Product | None, recorded: Recorded[Event]) -> Product | None:
    """The product after one more event; raises Unfoldable."""
    event = recorded.event
    if document is None:
        return _listed(event, recorded) if isinstance(event, ProductListed) else unchanged(document, recorded)
    match event:
        case ProductRepriced(price=price):
            return advance(document, recorded, price_minor=price.minor, currency=price.currency)
        case ProductRetired():
            return advance(document, recorded, retired=True)
        case _:
            return unchanged(document, recorded)


def _listed(event: ProductListed, recorded: Recorded[Event]) -> Product:
    return Product(
        id=recorded.entity_id,
        name=event.name,
        series=event.series,
        price_minor=event.price.minor,
        currency=event.price.currency,
        retired=False,
        listed_at=recorded.meta.occurred_at,
        version=1,
        position=recorded.position,
    )
