"""Events of a product."""

from event_schemas.registry import Event, event
from event_schemas.values import Money, Name


@event("product.listed")
class ProductListed(Event, frozen=True, kw_only=True):
    """A product can be sold, at a list price."""

    name: Name
    series: Name | None
    price: Money


@event("product.repriced")
class ProductRepriced(Event, frozen=True, kw_only=True):
    """The list price changed; deals keep their amounts."""

    price: Money


@event("product.retired")
class ProductRetired(Event, frozen=True, kw_only=True):
    """The product is no longer offered for new deals."""
