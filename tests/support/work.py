"""Activities, line items and saved views for tests of deciders: what the fields of their commands may be."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from event_schemas.activity import ActivityKind, Related, RelatedKind
from event_schemas.deal import LineItem
from event_schemas.saved_view import ListedKind
from event_schemas.values import Money
from tests.support.events import some_id

_ACCOUNTS: Final = (some_id("account 0"), some_id("account 1"))
_PRODUCTS: Final = (some_id("product 0"), some_id("product 1"))
_DOLLAR: Final = Money(100, "USD")
_RELATED: Final = (Related(RelatedKind.LEAD, some_id("lead 0")), Related(RelatedKind.DEAL, some_id("deal 0")))

POOLS: Final[dict[str, Sequence[Any]]] = {
    "LogActivity.kind": list(ActivityKind),
    "ScheduleActivity.kind": list(ActivityKind),
    "SaveView.kind": list(ListedKind)[:2],
    "ChangeView.name": ["A", "B"],
    "subject": ["A", "B"],
    "body": [None, "a"],
    "related": [(), _RELATED[:1], (_RELATED[0], *_RELATED), _RELATED],
    "minutes": [None, 0],
    "due_at": [datetime(2018, 1, 1, tzinfo=UTC), datetime(2018, 1, 2, tzinfo=UTC)],
    "outcome": [None, "a"],
    "CancelActivity.reason": [None, "a"],
    "ChangeDealAccount.account_id": [None, *_ACCOUNTS],
    "MergeAccount.into_id": _ACCOUNTS,
    "items": [
        (),
        (LineItem(product_id=_PRODUCTS[0], quantity=2, unit_price=_DOLLAR, discount=5),),
        tuple(LineItem(product_id=each, quantity=1, unit_price=_DOLLAR) for each in _PRODUCTS),
        (LineItem(product_id=_PRODUCTS[0], quantity=1, unit_price=Money(1, "EUR")),),
        (LineItem(product_id=_PRODUCTS[0], quantity=2, unit_price=Money(10**15, "USD")),),
    ],
    "filter": ["{}", '{"a": 1}', "[]", "{"],
    "sort": [None, "NAME_ASC"],
    "shared": [False, True],
}
"""What each field of a command may be, beside its default; ``Command.field`` where the field alone does not tell."""
