"""Listing, repricing and retiring a product."""

from typing import Any

import msgspec
import pytest

from event_schemas.product import ProductListed, ProductRepriced, ProductRetired
from event_schemas.values import Money
from tests.support.examples import PRODUCT, PRODUCT_LISTED
from tests.support.scenario import given
from write_side.domain import product
from write_side.domain.product import ListProduct, ProductAlreadyListed, RepriceProduct, RetireProduct
from write_side.domain.references import ProductIsRetired, ProductNotFound

LIST = ListProduct(id=PRODUCT, name="GTX", price=Money(55_000, "USD"))
REPRICE = RepriceProduct(id=PRODUCT, price=Money(60_000, "USD"))
REPRICED = ProductRepriced(price=Money(60_000, "USD"))
RETIRE = RetireProduct(id=PRODUCT)


def test_a_product_is_listed() -> None:
    """With or without a series."""
    given(product.DECIDER).when(LIST).then(PRODUCT_LISTED)
    series = msgspec.structs.replace(LIST, series="GTX Plus")
    given(product.DECIDER).when(series).then(ProductListed(name="GTX", series="GTX Plus", price=Money(55_000, "USD")))


def test_a_product_gets_another_price() -> None:
    """Also in another currency; the price that it has is no event."""
    given(product.DECIDER, PRODUCT_LISTED).when(REPRICE).then(REPRICED)
    given(product.DECIDER, PRODUCT_LISTED, REPRICED).when(REPRICE).then()
    euros = RepriceProduct(id=PRODUCT, price=Money(55_000, "EUR"))
    given(product.DECIDER, PRODUCT_LISTED).when(euros).then(ProductRepriced(price=Money(55_000, "EUR")))


def test_a_product_is_retired_once() -> None:
    """Once is enough."""
    given(product.DECIDER, PRODUCT_LISTED).when(RETIRE).then(ProductRetired())
    given(product.DECIDER, PRODUCT_LISTED, ProductRetired()).when(RETIRE).then()


@pytest.mark.parametrize("between", [(), (REPRICED,), (REPRICED, ProductRetired())], ids=len)
def test_a_repeat_decides_nothing_whatever_came_between(between: Any) -> None:
    """The same ListProduct again is a repeat, also of a product that was repriced and retired."""
    given(product.DECIDER, PRODUCT_LISTED, *between).when(LIST).then()


@pytest.mark.parametrize("other", [{"name": "GTY"}, {"series": "GTX"}, {"price": Money(1, "USD")}], ids=str)
def test_an_id_is_used_once(other: dict[str, Any]) -> None:
    """Any other content under the same id is refused, also after retirement."""
    command = msgspec.structs.replace(LIST, **other)
    given(product.DECIDER, PRODUCT_LISTED).when(command).rejected(ProductAlreadyListed, "id")
    given(product.DECIDER, PRODUCT_LISTED, ProductRetired()).when(command).rejected(ProductAlreadyListed, "id")


@pytest.mark.parametrize("command", [REPRICE, RETIRE], ids=["reprice", "retire"])
def test_what_was_never_listed_does_not_change(command: Any) -> None:
    """No change without a product."""
    given(product.DECIDER).when(command).rejected(ProductNotFound)


def test_a_retired_product_keeps_its_price() -> None:
    """No change after retirement."""
    given(product.DECIDER, PRODUCT_LISTED, ProductRetired()).when(REPRICE).rejected(ProductIsRetired)
