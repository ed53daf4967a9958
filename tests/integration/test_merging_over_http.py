"""Merging, and what deals are made of, as clients of the API meet them."""

from typing import Any
from uuid import uuid4

import pytest

import write_side.bootstrap
from event_schemas.streams import StreamName
from event_schemas.token import ConsistencyToken
from read_api.authentication import Role
from tests.support.api import Client
from tests.support.api_commands import pipeline, usd
from tests.support.secrets import MASTER

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def send(
    api: Client, command: str, show: str = "", /, *, as_role: Role = Role.MEMBER, **given: Any
) -> dict[str, Any]:
    """The payload of a command."""
    kind = command[0].upper() + command[1:]
    answer = f"version token userErrors {{ code field }} {show}"
    query = f"mutation($input: {kind}Input!) {{ {command}(input: $input) {{ {answer} }} }}"
    payload: dict[str, Any] = (await api.ask(query, {"input": given}, role=as_role)).data[command]
    return payload


async def test_what_a_merged_account_had_is_shown_with_the_other(api: Client) -> None:
    """Its deals and contacts, after the process's effects; itself with the one that goes on."""
    old, new, person, deal = (str(uuid4()) for _ in range(4))
    sales = await pipeline(api)
    for account in (old, new):
        await send(api, "openAccount", id=account, name="Acme")
    await send(api, "createContact", id=person, name="Ada")
    await send(api, "linkContactAccount", id=person, accountId=old, role="CTO")
    await send(api, "openDeal", id=deal, name="Deal", pipelineId=sales["id"], amount=usd(1), accountId=old)
    await send(api, "linkDealContact", id=deal, contactId=person, role="buyer")
    merged = await send(api, "mergeAccount", "account { archived mergedInto { id } }", id=old, intoId=new)
    assert merged["account"] == {"archived": True, "mergedInto": {"id": new}}
    transact = write_side.bootstrap.transactor(store=api.store, master_secret=MASTER).transact
    managers = write_side.bootstrap.process_managers(api.database_url, store=api.store, transact=transact)
    async with managers as running:
        await running.settled(await api.store.head())
    seen = ConsistencyToken(((StreamName(f"deal-demo~{deal}"), await api.store.head()),)).encode()
    query = """query($old: ID!, $new: ID!, $seen: String) {
      new: account(id: $new, readAfter: $seen) {
        deals { edges { node { id contacts { role contact { id } } } } }
        contacts { edges { node { id accounts { role account { id } } } } }
      }
      old: account(id: $old) { deals { totalCount } contacts { totalCount } } }"""
    shown = (await api.ask(query, {"old": old, "new": new, "seen": seen})).data
    assert shown["old"] == {"deals": {"totalCount": 0}, "contacts": {"totalCount": 0}}
    part = {"role": "buyer", "contact": {"id": person}}
    assert shown["new"]["deals"]["edges"] == [{"node": {"id": deal, "contacts": [part]}}]
    works = {"role": "CTO", "account": {"id": new}}
    assert shown["new"]["contacts"]["edges"] == [{"node": {"id": person, "accounts": [works]}}]


async def test_line_items_make_a_deals_amount(api: Client) -> None:
    """Set, shown with the deal, and refused with their place in the input."""
    sales, deal = await pipeline(api), str(uuid4())
    listed = await send(api, "listProduct", "product { id }", as_role=Role.ADMIN, name="GTX", price=usd(100))
    await send(api, "openDeal", id=deal, name="Deal", pipelineId=sales["id"], amount=usd(1))
    item = {"productId": listed["product"]["id"], "quantity": 3, "unitPrice": usd(101), "discount": 5000}
    shown = "deal { amount { minor } lineItems { quantity discount unitPrice { minor } product { id } } }"
    made = (await send(api, "setDealLineItems", shown, id=deal, items=[item]))["deal"]
    assert made["amount"] == {"minor": "152"}
    assert made["lineItems"] == [
        {"quantity": 3, "discount": 5000, "unitPrice": {"minor": "101"}, "product": listed["product"]}
    ]
    refused = await send(api, "changeDealAmount", id=deal, amount=usd(1))
    assert refused["userErrors"] == [{"code": "AMOUNT_COMES_FROM_LINE_ITEMS", "field": ["amount"]}]
    wrong = {**item, "productId": str(uuid4())}
    refused = await send(api, "setDealLineItems", id=deal, items=[item, wrong])
    assert refused["userErrors"] == [{"code": "PRODUCT_NOT_FOUND", "field": ["items", "1", "productId"]}]


async def test_a_deleted_view_is_answered(api: Client) -> None:
    """The payload of a deletion has no view any more, and no error."""
    saved = await send(api, "saveView", "savedView { id filter shared }", kind="DEAL", name="All", shared=True)
    view = saved["savedView"]
    assert (view["filter"], view["shared"]) == ("{}", True)
    gone = await send(api, "deleteView", "savedView { id }", id=view["id"])
    assert (gone["savedView"], gone["userErrors"], gone["version"]) == (None, [], 2)
