"""One command's way: sent, answered, read after its token, found in the history; and again, and in conflict."""

from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest

from tests.support.api import Client
from tests.support.api_commands import CHANGE_AMOUNT, DEFINE, OPEN, STAGES, deal, pipeline, usd

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_deal_is_opened_read_and_found_in_the_history(api: Client) -> None:
    """What a command did is in its payload, behind its token, and in the history with its changes."""
    opened = await deal(api, name="Walk", minor=12_345)
    assert opened["deal"]["amount"] == usd(12_345)
    assert opened["version"] == opened["deal"]["version"] == 1
    read = "query($id: ID!, $token: String) { deal(id: $id, readAfter: $token) { name stage { name } } }"
    found = await api.ask(read, {"id": opened["deal"]["id"], "token": opened["token"]})
    assert found.data["deal"] == {"name": "Walk", "stage": {"name": "New"}}
    history = """query($id: ID!) { history(id: $id) { totalCount edges { node {
      stream version type actor changes { field before after } } } } }"""
    told = (await api.ask(history, {"id": opened["deal"]["id"]})).data["history"]
    assert told["totalCount"] == 1
    entry = told["edges"][0]["node"]
    assert entry["stream"] == f"deal-demo~{opened['deal']['id']}"
    assert (entry["type"], entry["version"], entry["actor"]) == ("deal.opened", 1, "tester")
    assert {"field": "amount", "before": None, "after": usd(12_345)} in entry["changes"]


async def test_the_history_pages_with_exact_cursors(api: Client) -> None:
    """Page after page tells every event once, in order, each with the value before it."""
    opened = await deal(api, minor=1)
    identity = opened["deal"]["id"]
    for minor in ("2", "3"):
        await api.ask(CHANGE_AMOUNT, {"id": identity, "minor": minor})
    page = """query($id: ID!, $after: String) { history(id: $id, first: 1, after: $after) {
      pageInfo { hasNextPage hasPreviousPage endCursor } edges { node { changes { field before after } } } } }"""
    seen: list[Any] = []
    after, more = None, True
    while more:
        got = (await api.ask(page, {"id": identity, "after": after})).data["history"]
        assert got["pageInfo"]["hasPreviousPage"] == bool(seen)
        seen += [change for edge in got["edges"] for change in edge["node"]["changes"] if change["field"] == "amount"]
        after, more = got["pageInfo"]["endCursor"], got["pageInfo"]["hasNextPage"]
    amounts = [None, usd(1), usd(2), usd(3)]
    assert [(change["before"], change["after"]) for change in seen] == list(pairwise(amounts))


async def test_a_repeat_has_one_effect_and_the_first_answer(api: Client) -> None:
    """The same key and request: the same entity, version and token, and one event."""
    sales = await pipeline(api)
    asked = {"input": {"name": "Once", "pipelineId": sales["id"], "amount": usd(5)}, "key": str(uuid4())}
    first = (await api.ask(OPEN, asked)).data["openDeal"]
    assert (await api.ask(OPEN, asked)).data["openDeal"] == first
    history = await api.ask("query($id: ID!) { history(id: $id) { totalCount } }", {"id": first["deal"]["id"]})
    assert history.data["history"]["totalCount"] == 1


async def test_a_key_with_other_content_is_a_mismatch(api: Client) -> None:
    """The same key under another request is refused and changes nothing."""
    opened = await deal(api)
    asked = {"id": opened["deal"]["id"], "minor": "7", "key": "a key"}
    await api.ask(CHANGE_AMOUNT, asked)
    refused = await api.ask(CHANGE_AMOUNT, {**asked, "minor": "8"})
    assert (refused.status, refused.codes) == (200, ["IDEMPOTENCY_MISMATCH"])
    found = await api.ask("query($id: ID!) { deal(id: $id) { amount { minor } } }", {"id": opened["deal"]["id"]})
    assert found.data["deal"]["amount"]["minor"] == "7"


async def test_a_repeat_answers_before_the_expected_version_is_asked(api: Client) -> None:
    """A retry of a command that moved the version is its first answer, not a conflict."""
    opened = await deal(api)
    asked = {"id": opened["deal"]["id"], "minor": "9", "key": "retry", "version": 1}
    first = await api.ask(CHANGE_AMOUNT, asked)
    assert (await api.ask(CHANGE_AMOUNT, asked)).data == first.data


async def test_a_stale_expected_version_is_a_conflict(api: Client) -> None:
    """Somebody else was first: VERSION_CONFLICT with both versions, and nothing happens."""
    opened = await deal(api)
    identity = opened["deal"]["id"]
    await api.ask(CHANGE_AMOUNT, {"id": identity, "minor": "2", "version": 1})
    refused = await api.ask(CHANGE_AMOUNT, {"id": identity, "minor": "3", "version": 1})
    assert refused.codes == ["VERSION_CONFLICT"]
    assert "expected version 1, but the deal is at 2" in refused.messages


async def test_business_time_never_goes_back(api: Client) -> None:
    """OccurredAt before the entity's last change, and in the future, are OCCURRED_OUT_OF_ORDER."""
    opened = await deal(api)
    for at in ("2001-01-01T00:00:00Z", "9999-01-01T00:00:00Z"):
        refused = await api.ask(CHANGE_AMOUNT, {"id": opened["deal"]["id"], "minor": "2", "at": at})
        assert refused.codes == ["OCCURRED_OUT_OF_ORDER"]


async def test_a_business_rule_comes_back_as_a_user_error(api: Client) -> None:
    """A rejected command answers 200 with the rule, the field and what to do; the rest of the payload is null."""
    opened = await deal(api)
    win = "mutation($id: ID!) { winDeal(input: { id: $id }) { version userErrors { code field message } deal { id } } }"
    lose = """mutation($id: ID!) { loseDeal(input: { id: $id, reason: PRICE }) {
      version token userErrors { code } deal { id } } }"""
    await api.ask(win, {"id": opened["deal"]["id"]})
    payload = (await api.ask(lose, {"id": opened["deal"]["id"]})).data["loseDeal"]
    assert payload == {"version": None, "token": None, "userErrors": [{"code": "DEAL_IS_CLOSED"}], "deal": None}


async def test_an_id_of_another_kind_is_not_found_or_refused(api: Client) -> None:
    """A pipeline's id is no deal: null and NOT_FOUND when read, a user error when sent."""
    sales = await pipeline(api)
    read = await api.ask("query($id: ID!) { deal(id: $id) { id } }", {"id": sales["id"]})
    assert (read.body["data"], read.codes) == ({"deal": None}, ["NOT_FOUND"])
    sent = await api.ask(CHANGE_AMOUNT, {"id": sales["id"], "minor": "1"})
    assert [error["code"] for error in sent.data["changeDealAmount"]["userErrors"]]


async def test_several_commands_in_one_operation_run_in_order(api: Client) -> None:
    """Each mutation field sees what the ones before it did, its entity too."""
    opened = await deal(api)
    both = """mutation($id: ID!) {
      a: changeDealAmount(input: { id: $id, amount: { minor: "2", currency: "USD" } }) { deal { version } }
      b: changeDealAmount(input: { id: $id, amount: { minor: "3", currency: "USD" } }) { deal { version } }
    }"""
    data = (await api.ask(both, {"id": opened["deal"]["id"]})).data
    assert (data["a"]["deal"]["version"], data["b"]["deal"]["version"]) == (2, 3)


async def test_a_missing_target_is_named_by_its_key(api: Client) -> None:
    """Without id the key names the entity; without both each command makes another."""
    make = 'mutation($k: String) { createTeam(input: { name: "T" }, idempotencyKey: $k) { team { id } } }'
    ids = [(await api.ask(make, {"k": key})).data["createTeam"]["team"]["id"] for key in ("k", "k", None, None)]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


async def test_two_pipelines_may_give_a_stage_the_same_id(api: Client) -> None:
    """Each deal counts once, under its own pipeline's stage; now, as of a position, and in a forecast."""
    shared, tenant, token = str(uuid4()), "sharing", ""
    for name, probability in (("Ours", 20), ("Theirs", 70)):
        first = {"id": shared, "name": name, "probability": probability, "category": "OPEN"}
        given = {"name": f"{name} pipeline", "currency": "USD", "stages": [first, *STAGES[2:]]}
        defined = (await api.ask(DEFINE, {"input": given}, tenant=tenant)).data["definePipeline"]
        opened = {"name": name, "pipelineId": defined["pipeline"]["id"], "amount": usd(100)}
        token = (await api.ask(OPEN, {"input": opened}, tenant=tenant)).data["openDeal"]["token"]
    read = """query($token: String, $as: AsOf) {
      deals(readAfter: $token, asOf: $as) { edges { node { name stage { name } } } position }
      forecast(asOf: $as, groupBy: [STAGE]) { groups { key figures { weighted { count amount { minor } } } } } }"""
    now = (await api.ask(read, {"token": token}, tenant=tenant)).data
    then = (await api.ask(read, {"as": {"position": now["deals"]["position"]}}, tenant=tenant)).data
    for answer in (now, then):
        stages = {edge["node"]["name"]: edge["node"]["stage"]["name"] for edge in answer["deals"]["edges"]}
        assert stages == {"Ours": "Ours", "Theirs": "Theirs"}
        assert [(group["key"], group["figures"]["weighted"]) for group in answer["forecast"]["groups"]] == [
            (["Ours"], {"count": 1, "amount": {"minor": "20"}}),
            (["Theirs"], {"count": 1, "amount": {"minor": "70"}}),
        ]
