"""Leads, contacts, activities and saved views, from command to payload, list, history and subscription."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from read_api.authentication import Role
from tests.support.api import Client
from tests.support.api_commands import deal, pipeline, usd

pytestmark = pytest.mark.asyncio(loop_scope="module")

HISTORY = "query($id: ID!) { history(id: $id) { edges { node { type changes { field before after } } } } }"


async def sent(api: Client, name: str, given: dict[str, Any], shown: str = "", **who: Any) -> Any:
    """The payload of a command that is accepted: version, token, and what is asked of its entity."""
    kind = name[0].upper() + name[1:]
    query = (
        f"mutation($input: {kind}Input!) {{ {name}(input: $input) {{ version token userErrors {{ code }} {shown} }} }}"
    )
    payload = (await api.ask(query, {"input": given}, **who)).data[name]
    assert payload["userErrors"] == [], payload
    return payload


async def new(api: Client, command: str, shown: str, **given: Any) -> str:
    """The id of a new entity."""
    identity: str = (await sent(api, command, given, f"{shown} {{ id }}"))[shown]["id"]
    return identity


async def changes(api: Client, identity: str) -> list[Any]:
    """Of each event of an entity: its type, and field -> after."""
    edges = (await api.ask(HISTORY, {"id": identity})).data["history"]["edges"]
    return [(edge["node"]["type"], {c["field"]: c["after"] for c in edge["node"]["changes"]}) for edge in edges]


async def test_a_lead_from_capture_to_qualification(api: Client) -> None:
    """Every payload shows the lead as the command left it, and the history tells each step with opened values."""
    given = {
        "name": "Ada",
        "email": "ada@example.org",
        "source": "fair",
        "attributes": [{"name": "size", "value": "9"}],
    }
    shown = "lead { id name email status score scoreReasons attributes { name value } version }"
    payload = await sent(api, "captureLead", given, shown)
    lead = payload["lead"]
    assert (lead["name"], lead["status"], lead["scoreReasons"]) == ("Ada", "NEW", [])
    assert lead["attributes"] == [{"name": "size", "value": "9"}]
    scored = {"id": lead["id"], "score": 80, "model": "m", "reasons": ["big", 'so "so"']}
    assert (await sent(api, "scoreLead", scored, shown))["lead"]["scoreReasons"] == ["big", 'so "so"']
    done = await sent(api, "qualifyLead", {"id": lead["id"]}, shown)
    assert (done["lead"]["status"], done["lead"]["version"], done["version"]) == ("QUALIFIED", 3, 3)
    told = await changes(api, lead["id"])
    assert [name for name, _ in told] == ["lead.captured", "lead.scored", "lead.qualified"]
    assert told[0][1]["email"] == "ada@example.org"
    read = """query($token: String, $email: String) {
      leads(filter: { email: $email, status: QUALIFIED }, readAfter: $token) { edges { node { id } } }
      funnel(groupBy: [SOURCE], readAfter: $token) { groups { key figures { qualified conversionRate } } } }"""
    found = (await api.ask(read, {"token": done["token"], "email": "ADA@example.org"})).data
    assert [edge["node"]["id"] for edge in found["leads"]["edges"]] == [lead["id"]]
    assert {"key": ["fair"], "figures": {"qualified": 1, "conversionRate": 0.0}} in found["funnel"]["groups"]


async def test_a_contacts_history_is_its_own(api: Client) -> None:
    """How its address was reserved is nobody's business; links and consents are told as lists."""
    account = await new(api, "openAccount", "account", name="Acme")
    contact = await new(api, "createContact", "contact", name="Grace", email=f"{uuid4()}@example.org")
    shown = "contact { accounts { account { name } role } consents { channel purpose given evidence } }"
    linked = await sent(api, "linkContactAccount", {"id": contact, "accountId": account, "role": "buyer"}, shown)
    assert linked["contact"]["accounts"] == [{"account": {"name": "Acme"}, "role": "buyer"}]
    consent = {"id": contact, "channel": "EMAIL", "purpose": "news", "evidence": "form"}
    given = await sent(api, "giveContactConsent", consent, shown)
    assert given["contact"]["consents"][0]["given"]
    told = await changes(api, contact)
    assert [name for name, _ in told] == ["contact.created", "contact.account_linked", "contact.consent_given"]
    assert told[1][1] == {"accounts": [{"accountId": account, "role": "buyer"}]}
    query = """query($id: ID!, $account: ID!) {
      timeline(id: $id) { edges { node { type entity { kind id name contact { id } } } } }
      account(id: $account) { contacts { edges { node { name } } }
        timeline { edges { node { type entity { name } } } } } }"""
    data = (await api.ask(query, {"id": contact, "account": account})).data
    entries = [edge["node"] for edge in data["timeline"]["edges"]]
    assert [entry["type"] for entry in entries] == [name for name, _ in told]
    assert entries[0]["entity"] == {"kind": "CONTACT", "id": contact, "name": "Grace", "contact": {"id": contact}}
    assert data["account"]["contacts"]["edges"] == [{"node": {"name": "Grace"}}]
    around = [edge["node"]["entity"]["name"] for edge in data["account"]["timeline"]["edges"]]
    assert around == ["Acme", "Grace", "Grace", "Grace"]


async def test_archived_contacts_are_shown_on_request(api: Client) -> None:
    """A list leaves them out unless it is asked for them."""
    names = {name: await new(api, "createContact", "contact", name=f"Shelf {name}") for name in ("one", "two")}
    token = (await sent(api, "archiveContact", {"id": names["two"]}))["token"]
    query = """query($f: ContactFilter, $token: String) {
      contacts(filter: $f, readAfter: $token) { totalCount edges { node { name } } } }"""
    shown = {}
    for archived in (None, False, True):
        given = {"nameContains": "Shelf", "archived": archived}
        edges = (await api.ask(query, {"f": given, "token": token})).data["contacts"]["edges"]
        shown[archived] = [edge["node"]["name"] for edge in edges]
    assert shown == {None: ["Shelf one"], False: ["Shelf one"], True: ["Shelf two"]}


async def test_what_is_to_be_done_and_what_was(api: Client) -> None:
    """An activity is on the agenda until it is done, then among the counts of its day."""
    user = await new(api, "createUser", "user", name="Busy")
    lead = await new(api, "captureLead", "lead", name="Called")
    due = datetime.now(UTC) - timedelta(days=1)
    given = {"kind": "CALL", "subject": "Call back", "related": [{"kind": "LEAD", "id": lead}]}
    given |= {"ownerId": user, "dueAt": due.isoformat()}
    shown = "activity { id status overdue related { kind id name lead { status } } }"
    scheduled = await sent(api, "scheduleActivity", given, shown)
    activity = scheduled["activity"]
    assert activity["overdue"]
    assert activity["related"] == [{"kind": "LEAD", "id": lead, "name": "Called", "lead": {"status": "NEW"}}]
    query = """query($user: ID, $token: String, $from: Date!, $to: Date!) {
      agenda(ownerId: $user, readAfter: $token) { totalCount edges { node { id overdue } } }
      activityCounts(from: $from, to: $to, ownerId: $user) { owner { name } kind done } }"""
    days = {"from": str(due.date()), "to": str((due + timedelta(days=2)).date()), "user": user}
    before = (await api.ask(query, {**days, "token": scheduled["token"]})).data
    assert before["agenda"] == {"totalCount": 1, "edges": [{"node": {"id": activity["id"], "overdue": True}}]}
    done = await sent(api, "completeActivity", {"id": activity["id"], "outcome": "reached"}, shown)
    after = (await api.ask(query, {**days, "token": done["token"]})).data
    assert after["agenda"]["totalCount"] == 0
    assert after["activityCounts"] == [{"owner": {"name": "Busy"}, "kind": "CALL", "done": 1}]


async def test_a_saved_view_is_its_owners(api: Client) -> None:
    """A private view and its history are nobody else's; a shared one is everybody's; a deleted one is gone."""
    kept = {"kind": "LEAD", "name": f"Mine {uuid4()}", "filter": '{"status":"NEW"}', "sort": "NAME_ASC"}
    shown = "savedView { id kind name filter sort shared owner version }"
    view = (await sent(api, "saveView", kept, shown))["savedView"]
    assert view == {**kept, "id": view["id"], "shared": False, "owner": "tester", "version": 1}
    assert await _visible(api, view) == {"tester": True, "another": False}
    assert [name for name, _ in await changes(api, view["id"])] == ["saved_view.saved"]
    assert (await api.ask(HISTORY, {"id": view["id"]}, user="another")).codes == ["NOT_FOUND"]
    await sent(api, "changeView", {"id": view["id"], "shared": True}, shown)
    assert await _visible(api, view) == {"tester": True, "another": True}
    gone = await sent(api, "deleteView", {"id": view["id"]}, shown)
    assert gone["savedView"] is None
    assert await _visible(api, view) == {"tester": False, "another": False}


async def _visible(api: Client, view: Any) -> dict[str, bool]:
    query = "query($n: String) { savedViews(filter: { nameContains: $n }) { edges { node { id } } } }"
    found = {}
    for user in ("tester", "another"):
        data = (await api.ask(query, {"n": view["name"]}, user=user, role=Role.MEMBER)).data
        found[user] = [edge["node"]["id"] for edge in data["savedViews"]["edges"]] == [view["id"]]
    return found


async def test_line_items_make_the_amount(api: Client) -> None:
    """The items show their totals, rounded half up, and the deal shows their sum; who takes part is beside them."""
    opened = (await deal(api, minor=5))["deal"]
    product = await new(api, "listProduct", "product", name="Crane", price=usd(100))
    contact = await new(api, "createContact", "contact", name="Decider")
    await sent(api, "linkDealContact", {"id": opened["id"], "contactId": contact, "role": "decides"})
    lines = [
        {"productId": product, "quantity": 3, "unitPrice": usd(101), "discount": 5_000},
        {"productId": product, "quantity": 1, "unitPrice": usd(7)},
    ]
    shown = """deal { amount { minor } contacts { contact { name } role }
      lineItems { product { name } quantity unitPrice { minor } discount total { minor currency } } }"""
    found = (await sent(api, "setDealLineItems", {"id": opened["id"], "items": lines}, shown))["deal"]
    assert [line["total"] for line in found["lineItems"]] == [usd(152), usd(7)]
    assert found["amount"] == {"minor": "159"}
    assert found["contacts"] == [{"contact": {"name": "Decider"}, "role": "decides"}]
    query = "query($id: ID!) { contact(id: $id) { deals { edges { node { id } } } } }"
    assert (await api.ask(query, {"id": contact})).data["contact"]["deals"]["edges"] == [{"node": {"id": opened["id"]}}]


async def test_another_tenants_people_are_not_there(api: Client) -> None:
    """Through every root that takes an id: null and NOT_FOUND; a command that names them is refused."""
    ids = {
        "lead": await new(api, "captureLead", "lead", name="Secret"),
        "contact": await new(api, "createContact", "contact", name="Secret"),
        "activity": await new(api, "logActivity", "activity", kind="NOTE", subject="Secret"),
    }
    for kind, identity in ids.items():
        answer = await api.ask(f"query($id: ID!) {{ {kind}(id: $id) {{ id }} }}", {"id": identity}, tenant="spies")
        assert (answer.body["data"], answer.codes) == ({kind: None}, ["NOT_FOUND"])
        assert (await api.ask(HISTORY, {"id": identity}, tenant="spies")).codes == ["NOT_FOUND"]
    merge = "mutation($id: ID!) { archiveLead(input: { id: $id }) { lead { id } userErrors { code } } }"
    refused = (await api.ask(merge, {"id": ids["lead"]}, tenant="spies")).data["archiveLead"]
    assert (refused["lead"], refused["userErrors"][0]["code"]) == (None, "LEAD_NOT_FOUND")


async def test_an_entity_change_shows_the_lead(api: Client) -> None:
    """Each event comes with the entity of its kind, and with null for every other kind."""
    lead = await new(api, "captureLead", "lead", name="Watched")
    query = """subscription($id: ID!, $from: String) { entityChanged(id: $id, from: $from) {
      entry { type } lead { status } contact { id } activity { id } deal { id } } }"""
    async with api.websocket() as socket:
        await socket.subscribe("1", query, {"id": lead, "from": "0"})
        first = (await socket.receive())["payload"]["data"]["entityChanged"]
        await sent(api, "qualifyLead", {"id": lead})
        second = (await socket.receive())["payload"]["data"]["entityChanged"]
    none = {"contact": None, "activity": None, "deal": None}
    assert first == {"entry": {"type": "lead.captured"}, "lead": {"status": "NEW"}, **none}
    assert second == {"entry": {"type": "lead.qualified"}, "lead": {"status": "QUALIFIED"}, **none}


async def test_too_much_of_an_account_is_refused(api: Client) -> None:
    """The limits count the new lists like all others."""
    below = "contacts(first: 100) { edges { node { activities(first: 100) { edges { node { id } } } } } }"
    wide = f"{{ accounts(first: 100) {{ edges {{ node {{ {below} }} }} }} }}"
    assert (await api.ask(wide)).codes == ["QUERY_TOO_COMPLEX"]
    deep = "{ contacts { edges { node { %s } } } }" % ("lead { contact { " * 5 + "id" + " } }" * 5)
    assert (await api.ask(deep)).codes == ["QUERY_TOO_COMPLEX"]


async def test_commands_of_people_need_a_member(api: Client) -> None:
    """A viewer reads only."""
    capture = 'mutation { captureLead(input: { name: "V" }) { lead { id } } }'
    assert (await api.ask(capture, role=Role.VIEWER)).codes == ["FORBIDDEN"]
    assert (await api.ask(capture, role=Role.MEMBER)).data["captureLead"]["lead"]["id"]
    assert await pipeline(api)


async def test_an_address_that_is_none_is_refused(api: Client) -> None:
    """The refusal says what an address looks like."""
    capture = 'mutation { captureLead(input: { email: "nobody" }) { userErrors { code field message } } }'
    (error,) = (await api.ask(capture)).data["captureLead"]["userErrors"]
    assert (error["code"], error["field"]) == ("INVALID_INPUT", ["email"])
    assert "ada@example.org" in error["message"]
