"""A product: listed at a price, repriced, retired."""

from typing import ClassVar, assert_never
from uuid import UUID

import msgspec

from event_schemas.product import ProductListed, ProductRepriced, ProductRetired
from event_schemas.registry import Event
from event_schemas.values import Money, Name
from write_side.domain.decider import Command, Context, Decider
from write_side.domain.errors import Rejected
from write_side.domain.references import Standing, absent, withdrawn

CATEGORY = "product"


class NotListed(msgspec.Struct, frozen=True):
    """No such product."""

    standing: ClassVar = Standing.ABSENT


class Listed(msgspec.Struct, frozen=True):
    """It can be sold."""

    standing: ClassVar = Standing.ACTIVE
    listed: ProductListed
    price: Money


class Retired(msgspec.Struct, frozen=True):
    """It is no longer offered."""

    standing: ClassVar = Standing.WITHDRAWN
    listed: ProductListed


State = NotListed | Listed | Retired


class ListProduct(Command, frozen=True, kw_only=True):
    """Offer a product at a list price."""

    name: Name
    series: Name | None = None
    price: Money


class RepriceProduct(Command, frozen=True, kw_only=True):
    """Change the list price; deals keep their amounts."""

    price: Money


class RetireProduct(Command, frozen=True, kw_only=True):
    """Offer the product no more for new deals."""


Commands = ListProduct | RepriceProduct | RetireProduct


class ProductAlreadyListed(Rejected):
    """A product with this id was listed with other content."""

    field = "id"


initial_state: State = NotListed()


def evolve(state: State, _entity: UUID, event: Event) -> State:
    """State after an event."""
    match state, event:
        case NotListed(), ProductListed():
            return Listed(event, event.price)
        case Listed(listed), ProductRepriced():
            return Listed(listed, event.price)
        case Listed(listed), ProductRetired():
            return Retired(listed)
        case ((NotListed() | Listed() | Retired()), _):
            return state
        case _:
            assert_never(state)


def decide(command: Commands, state: State, _context: Context) -> tuple[Event, ...]:
    """Events of a command; () when the product already is as the command wants it."""
    match state:
        case NotListed():
            if isinstance(command, ListProduct):
                return (_listed(command),)
            raise absent(CATEGORY, command.id)
        case Listed():
            return _decide_listed(command, state)
        case Retired():
            return _decide_retired(command, state)
        case _:
            assert_never(state)


def _listed(command: ListProduct) -> ProductListed:
    return ProductListed(name=command.name, series=command.series, price=command.price)


def _list_again(command: ListProduct, listed: ProductListed) -> tuple[Event, ...]:
    if _listed(command) != listed:
        raise ProductAlreadyListed(f"product {command.id} was listed with other content: take another id")
    return ()


def _decide_listed(command: Commands, state: Listed) -> tuple[Event, ...]:
    match command:
        case ListProduct():
            return _list_again(command, state.listed)
        case RepriceProduct():
            return () if command.price == state.price else (ProductRepriced(price=command.price),)
        case RetireProduct():
            return (ProductRetired(),)
        case _:
            assert_never(command)


def _decide_retired(command: Commands, state: Retired) -> tuple[Event, ...]:
    match command:
        case ListProduct():
            return _list_again(command, state.listed)
        case RepriceProduct():
            raise withdrawn(CATEGORY, command.id)
        case RetireProduct():
            return ()
        case _:
            assert_never(command)


DECIDER: Decider[Commands, State] = Decider(
    category=CATEGORY, initial_state=initial_state, evolve=evolve, decide=decide
)
