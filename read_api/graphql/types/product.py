"""Products."""

from datetime import datetime

import strawberry

from read_api.compiler.entities import PRODUCTS
from read_api.compiler.sources import Listing, SortKey
from read_api.graphql.fields import column, embedded, filters_of, sort_enum, where
from read_api.graphql.types.money import Money
from read_api.graphql.types.text import CONTAINS
from read_api.values import parse_text


@strawberry.type(description="Something that is sold, at a list price.")
class Product:
    """A row of product_list."""

    id: strawberry.ID = column()
    name: str = column()
    series: str | None = column()
    price: Money = embedded(Money, minor="price_minor", currency="currency")
    retired: bool = column("No longer offered for new deals.")
    listed_at: datetime = column()
    version: int = column()


@strawberry.input
class ProductFilter:
    """Conditions that all hold; null is as if absent."""

    name_contains: str | None = where(CONTAINS, "text", parse=parse_text)
    retired: bool | None = where("{row}.retired = {value}", "boolean")


_SORTS = {"NAME": SortKey("name", "text"), "LISTED_AT": SortKey("listed_at", "timestamptz")}
ProductSort = sort_enum("ProductSort", _SORTS)
PRODUCT_LIST = Listing("products", PRODUCTS, _SORTS, "NAME_ASC", filters_of(ProductFilter))
