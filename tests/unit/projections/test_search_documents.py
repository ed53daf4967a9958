"""Search documents: exactly these entries for these events."""

from typing import Any

import msgspec
import pytest

from event_schemas.account import AccountDetailsChanged, AccountOpened
from event_schemas.deal import DealAmountChanged
from event_schemas.lead import LeadCaptured, LeadMerged, LeadOwnerAssigned
from event_schemas.people import Attribute
from event_schemas.product import ProductListed
from event_schemas.registry import Event
from projections.changes import VersionedChange, VersionedPut
from projections.documents.lead import Lead
from projections.views import search_documents
from tests.support.events import DEMO, Log, some_id
from tests.support.histories import usd
from tests.support.projecting import changes_of, folded
from tests.support.searching import account, deal, lead

THING = some_id("thing")


def bodies(category: str, *events: Event) -> list[Any]:
    """What the entries of a log of one entity hold."""
    log = Log()
    log.append(category, THING, *events)
    found: list[tuple[VersionedChange, ...]] = changes_of(search_documents, log.events)
    return [change.body for (change,) in found if isinstance(change, VersionedPut)]


def test_an_entry_holds_all_that_is_searched_shown_and_gone_on_from() -> None:
    """Words of everything, pieces of names and numbers, words to be meant with their tenant, and the document."""
    log = Log()
    person = {"email": "Zoe.B@Example.com", "phone": "(415) 555-0123"}
    captured: LeadCaptured = lead(
        "Zoë O'Brien", source="Web", attributes=(Attribute(name="Hobby", value="Go"),), **person
    )
    log.append("lead", THING, captured)
    ((change,),) = changes_of(search_documents, log.events)
    ((_, document),) = folded(log.events)
    assert isinstance(change, VersionedPut)
    assert (change.table, change.key, change.version) == ("search", (DEMO, "lead", THING), 1)
    body = dict(change.body)
    assert msgspec.json.decode(str(body.pop("document")), type=Lead) == document
    texts = msgspec.json.decode(str(body.pop("texts")))
    assert [each["field"] for each in texts] == ["name", "email", "phone", "source", "attributes.Hobby"]
    assert body == {
        "tenant": DEMO,
        "kind": "lead",
        "id": THING,
        "born": 1,
        "name": "Zoë O'Brien",
        "label": "zoe o brien",
        "words": "zoe o brien obrien b example com 415 555 0123 4155550123 5550123 web go",
        "letters": "zoe o brien zoe.b@example.com 4155550123",
        "meant": "demo/brien demo/zoe",
        "owner_id": None,
        "pipeline_id": None,
        "stage_id": None,
        "archived": False,
        "merged_into_id": None,
        "amount": None,
        "currency": None,
        "version": 1,
        "position": 1,
    }


def test_every_event_says_all_but_where_the_entity_was_born() -> None:
    """So the newest entry alone is enough, whatever came before it."""
    first, second, third = bodies(
        "lead", lead("Ada"), LeadOwnerAssigned(owner_id=some_id("u")), LeadMerged(into_id=some_id("o"))
    )
    assert first["born"] == 1
    assert "born" not in second | third
    assert first.keys() - {"born"} == second.keys() == third.keys()
    assert (second["owner_id"], second["version"], second["position"]) == (some_id("u"), 2, 2)
    assert (third["archived"], third["merged_into_id"]) == (True, some_id("o"))


OPENED: AccountOpened = account("A")


@pytest.mark.parametrize(
    ("category", "events", "amount"),
    [
        ("deal", (deal("A"), DealAmountChanged(amount=usd(10**12))), (10**12, "USD")),
        ("product", (ProductListed(name="P", series=None, price=usd(7)),), (7, "USD")),
        ("account", (OPENED,), (None, None)),
        ("account", (OPENED, AccountDetailsChanged(revenue=usd(9))), (9, "USD")),
        ("lead", (lead("A"),), (None, None)),
    ],
)
def test_amounts_are_in_minor_units(category: str, events: tuple[Event, ...], amount: tuple[Any, Any]) -> None:
    """Of what has one."""
    last = bodies(category, *events)[-1]
    assert (last["amount"], last["currency"]) == amount
